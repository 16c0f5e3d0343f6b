package io.refreshd.observe;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/**
 * Server-sent events: the main part of the page, again and again, to everybody who has it open. One thread for each of them,
 * the request's own; a limit keeps forgotten browser tabs from becoming a load.
 */
final class ServerSentEvents {
    private static final int MOST_READERS = 20;
    private static final Duration OFTEN = Duration.ofSeconds(1);
    /** A page of a thousand views is half a megabyte. */
    private static final Duration SELDOM = Duration.ofSeconds(5);

    private static final int LARGE = 100_000;
    /** Below the server's limit on how long an answer may take; the browser asks again by itself. */
    private static final int BEATS = 45;

    private final Supplier<String> part;
    private final Semaphore readers = new Semaphore(MOST_READERS);

    ServerSentEvents(Supplier<String> part) {
        this.part = part;
    }

    /** Returns when the reader is gone, or after a while. */
    void stream(HttpExchange exchange) throws IOException {
        if (!readers.tryAcquire()) {
            exchange.getResponseHeaders().set("Retry-After", "30");
            exchange.sendResponseHeaders(503, -1);
            return;
        }
        try {
            exchange.getResponseHeaders().set("Content-Type", "text/event-stream; charset=utf-8");
            exchange.sendResponseHeaders(200, 0);
            write(exchange.getResponseBody());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            readers.release();
        }
    }

    private void write(OutputStream out) throws IOException, InterruptedException {
        out.write("retry: 1000\n".getBytes(StandardCharsets.UTF_8));
        Duration left = OFTEN.multipliedBy(BEATS);
        while (left.isPositive()) {
            String html = part.get();
            out.write(event(html).getBytes(StandardCharsets.UTF_8));
            out.flush();
            Duration pause = html.length() > LARGE ? SELDOM : OFTEN;
            Thread.sleep(pause);
            left = left.minus(pause);
        }
    }

    /** A line break would end the event: each line is sent with its prefix, and the browser joins them. */
    static String event(String html) {
        return "data: " + html.replace("\r", "").replace("\n", "\ndata: ") + "\n\n";
    }
}
