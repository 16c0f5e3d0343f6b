package io.refreshd.observe;

import io.refreshd.model.PlainText;
import io.refreshd.model.ViewId;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Server-sent events at {@code /events/views}: one for each message that rows of a view changed. A client that was disconnected goes on
 * where it was, by {@code Last-Event-ID}; if that is not kept any more, it is told so by an event {@code reset}.
 *
 * <p>Thread: the thread of each request writes its stream.
 */
final class ViewEventStream {
    static final String PATH = "/events/views";

    /** Half of the connections that the server accepts, so that scrapers, probes and the page have the other half. */
    static final int MAX_READERS = 100;

    private static final int LONGEST_NAME_SHOWN = 130;
    /** Shorter than the 60 s after which the server ends a response. Clients reconnect by themselves. */
    private static final Duration STREAM_DURATION = Duration.ofSeconds(45);
    /** A client that is gone is noticed when something is written to it. */
    private static final Duration LONGEST_SILENCE = Duration.ofSeconds(5);

    private final ViewEvents events;
    private final Supplier<List<ViewId>> kept;
    private final Predicate<ViewId> notifies;
    private final LongSupplier nanos;

    /**
     * @param kept the views that are kept fresh; empty while they are not known
     * @param notifies the views of whose changes subscribers are told
     * @param nanos the clock that ends streams
     */
    ViewEventStream(ViewEvents events, Supplier<List<ViewId>> kept, Predicate<ViewId> notifies, LongSupplier nanos) {
        this.nanos = nanos;
        this.events = events;
        this.kept = kept;
        this.notifies = notifies;
    }

    /**
     * Returns when the client has disconnected, or after {@link #STREAM_DURATION}.
     *
     * @param readers places for clients of this process
     */
    void stream(HttpExchange exchange, Semaphore readers) throws IOException {
        Set<String> views;
        try {
            views = ViewQuery.names(exchange.request().query());
        } catch (IllegalArgumentException malformed) {
            exchange.send(Response.json(
                    400,
                    StatusJson.error(
                            "the query is not understood: write " + PATH + "?view=schema.name, with %-escapes")));
            return;
        }
        Optional<Response> refusal = refusal(views);
        if (refusal.isPresent()) {
            exchange.send(refusal.get());
        } else if (!readers.tryAcquire()) {
            exchange.send(Response.json(
                            503,
                            StatusJson.error(MAX_READERS + " clients read " + PATH
                                    + " already; let one process read it and pass the events on, or use LISTEN"))
                    .with("Retry-After", "30"));
        } else {
            try {
                List<String> resumed = exchange.request().all("Last-Event-ID");
                // nginx would collect the events otherwise.
                write(
                        exchange.stream(Map.of("X-Accel-Buffering", "no")),
                        views,
                        resumed.isEmpty() ? null : resumed.getFirst());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                readers.release();
            }
        }
    }

    /** Says why nothing would ever be sent. As long as the daemon does not know its views, any view may exist. */
    private Optional<Response> refusal(Set<String> wanted) {
        List<ViewId> known = kept.get();
        if (known.isEmpty()) {
            return Optional.empty();
        }
        List<String> told =
                known.stream().filter(notifies).map(ViewId::toString).toList();
        String setting = "set views.notify to true, or notify in views.overrides";
        if (told.isEmpty()) {
            return Optional.of(Response.json(404, StatusJson.error("no view notifies: " + setting)));
        }
        Set<String> strange = new HashSet<>(wanted);
        told.forEach(strange::remove);
        return strange.stream().sorted().findFirst().map(name -> {
            boolean exists = known.stream().anyMatch(view -> view.toString().equals(name));
            String shown = PlainText.line(name, LONGEST_NAME_SHOWN);
            return Response.json(
                    404,
                    StatusJson.error(
                            exists
                                    ? shown + " does not notify: " + setting
                                    : "no view " + shown + " is kept fresh here: /status has the names"));
        });
    }

    private void write(OutputStream out, Set<String> views, @Nullable String lastEventId)
            throws IOException, InterruptedException {
        send(out, "retry: 1000\n");
        Optional<Long> resumed = Optional.ofNullable(lastEventId).flatMap(events::number);
        long position = resumed.orElseGet(events::last);
        boolean complete = resumed.isPresent() || lastEventId == null;
        long end = nanos.getAsLong() + STREAM_DURATION.toNanos();
        Duration wait = Duration.ZERO;
        while (nanos.getAsLong() - end < 0) {
            ViewEvents.Batch batch = events.after(position, wait);
            wait = LONGEST_SILENCE;
            position = batch.last();
            if (!complete || !batch.complete()) {
                complete = true;
                send(out, "event: reset\nid: " + events.id(position) + "\ndata: {\"reason\" : \"" + RESET + "\"}\n\n");
                continue;
            }
            StringBuilder text = new StringBuilder();
            for (ViewEvents.Event event : batch.events()) {
                if (views.isEmpty() || views.contains(event.view())) {
                    text.append("id: ").append(events.id(event.number())).append('\n');
                    text.append(ServerSentEvents.event(event.json()));
                }
            }
            // Without data a client raises no event, and remembers the number.
            send(
                    out,
                    text.append("id: ")
                            .append(events.id(position))
                            .append("\n\n")
                            .toString());
        }
    }

    private static final String RESET = "events were missed, and are not kept any more: read the views again";

    private static void send(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }
}
