package io.refreshd.ingest;

import io.refreshd.capture.Heartbeat;
import io.refreshd.ledger.LeasedLedger;
import io.refreshd.ledger.Requests;
import io.refreshd.model.Lsn;
import io.refreshd.model.Moment;
import io.refreshd.model.Signal;
import io.refreshd.schedule.Event;
import io.refreshd.schedule.EventLoop;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Carries out the signals that travel in the log as logical messages: heartbeats, fences, requests, probes.
 *
 * <p>Invariant: every role may write such messages, as many as it likes. So no content makes this class throw, a batch costs no more
 * with many signals than with one of each kind, and a forged signal brings about nothing that its writer could not have otherwise.
 *
 * <p>Thread: the capture thread.
 */
final class SignalHandler {
    private final LeasedLedger ledger;
    private final EventLoop loop;
    private final WatermarkWriter watermark;
    private final LatestTask write;
    private final Supplier<Moment> clock;

    /** Whether somebody waits for the ledger to hold the position of a fence. */
    private boolean fenced;
    /** When the watermark was to be written last, by the monotonic clock. */
    private long writtenAt;

    /** @param write writes the watermark */
    SignalHandler(
            LeasedLedger ledger, EventLoop loop, WatermarkWriter watermark, LatestTask write, Supplier<Moment> clock) {
        this.ledger = ledger;
        this.loop = loop;
        this.watermark = watermark;
        this.write = write;
        this.clock = clock;
        this.writtenAt = clock.get().nanos();
    }

    /** @param position up to which the log has been routed with the signals */
    void handle(List<Signal> signals, Lsn position) {
        Set<Long> fences = new HashSet<>();
        boolean probed = false;
        boolean beaten = false;
        boolean requested = false;
        for (Signal signal : signals) {
            switch (signal.kind()) {
                case Signal.HEARTBEAT -> beaten |= Heartbeat.emittedAt(signal).isPresent();
                case Signal.FENCE -> oid(signal.body()).ifPresent(fences::add);
                case Signal.PROBE -> probed = true;
                case Signal.REQUEST -> requested = true;
                default -> {} // A mark's message has done its work by being read.
            }
        }
        watermark.watermark().read(position);
        if (requested) {
            passOnRequests();
        }
        if (beaten || isOverdue()) {
            heartbeat();
        }
        if (probed) {
            loop.post(new Event.ReadTo(position));
        }
        if (!fences.isEmpty()) {
            fenced = true;
            loop.post(new Event.Expedited(fences));
        }
    }

    /** The heartbeats of this process stand behind a backlog, which may take hours. What was read of it is written down meanwhile. */
    private boolean isOverdue() {
        return clock.get().nanosSince(writtenAt) > 2 * watermark.interval().toNanos();
    }

    /** Writes the watermark once, however many heartbeats have queued up: a check reads the whole catalog. */
    private void heartbeat() {
        write.ask();
        writtenAt = clock.get().nanos();
        // The message of a request may have been read from the log before its row was visible.
        if (!ledger.jdbi().withHandle(Requests::pending).isEmpty()) {
            passOnRequests();
        }
    }

    /** Everything before a fence is routed and visible: the ledger says so, if somebody waits for that. */
    void routed() {
        if (fenced) {
            fenced = false;
            write.ask();
        }
    }

    /** The oid in a fence's body. Anybody may write messages to the log, so a body that does not fit is left alone. */
    private static Optional<Long> oid(String body) {
        return body.matches("[0-9]{1,10}") ? Optional.of(Long.valueOf(body)) : Optional.empty();
    }

    /** Hands all requests in the ledger to the loop, also those made while no daemon ran. Each request is idempotent. */
    private void passOnRequests() {
        ledger.write(transaction -> {
            List<Requests.Request> requests = Requests.pending(transaction);
            requests.forEach(request -> loop.post(event(request)));
            Requests.done(transaction, requests);
        });
    }

    private static Event event(Requests.Request request) {
        return switch (request.kind()) {
            case "refresh" -> new Event.RefreshRequested(Set.of(request.view()));
            case "pause" -> new Event.PauseRequested(request.view());
            case "resume" -> new Event.ResumeRequested(request.view());
            default -> throw new IllegalStateException("the ledger admits no request of kind " + request.kind());
        };
    }
}
