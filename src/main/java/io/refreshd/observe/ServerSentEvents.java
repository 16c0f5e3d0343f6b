package io.refreshd.observe;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/**
 * Server-sent events: sends the main part of the page to each open page once an interval. The number of readers is bounded, so that
 * forgotten browser tabs do not become a load.
 *
 * <p>Thread: the thread of each request writes its stream.
 */
final class ServerSentEvents {
    private static final int MAX_READERS = 20;
    private static final Duration INTERVAL = Duration.ofSeconds(1);
    /** For pages above {@link #LARGE}; a page of a thousand views is half a megabyte. */
    private static final Duration INTERVAL_IF_LARGE = Duration.ofSeconds(5);
    /** In characters. */
    private static final int LARGE = 100_000;
    /** Shorter than the 60 s after which the server ends a response. The browser reconnects by itself. */
    private static final Duration STREAM_DURATION = Duration.ofSeconds(45);

    private final Semaphore readers = new Semaphore(MAX_READERS);

    /** Returns when the client has disconnected, or after {@link #STREAM_DURATION}. */
    void stream(HttpExchange exchange, Supplier<String> part) throws IOException {
        if (!readers.tryAcquire()) {
            exchange.send(Response.json(503, StatusJson.error(MAX_READERS + " clients follow the page already"))
                    .with("Retry-After", "30"));
            return;
        }
        try {
            write(exchange.stream(Map.of()), part);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            readers.release();
        }
    }

    private static void write(OutputStream out, Supplier<String> part) throws IOException, InterruptedException {
        out.write("retry: 1000\n".getBytes(StandardCharsets.UTF_8));
        Duration left = STREAM_DURATION;
        while (left.isPositive()) {
            String html = part.get();
            out.write(event(html).getBytes(StandardCharsets.UTF_8));
            out.flush();
            Duration pause = html.length() > LARGE ? INTERVAL_IF_LARGE : INTERVAL;
            Thread.sleep(pause);
            left = left.minus(pause);
        }
    }

    /** The text as one event. Each line has the prefix {@code data:}, since a line without it would end the event. */
    static String event(String html) {
        return "data: " + html.replace("\r", "").replace("\n", "\ndata: ") + "\n\n";
    }
}
