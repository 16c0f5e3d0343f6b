package io.refreshd.ingest;

import io.refreshd.ledger.LeasedLedger;
import io.refreshd.ledger.Requests;
import io.refreshd.model.Lsn;
import io.refreshd.model.Signal;
import io.refreshd.schedule.Event;
import io.refreshd.schedule.EventLoop;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Carries out the signals that travel in the log as logical messages: heartbeats, fences, requests, probes.
 *
 * <p>Thread: the capture thread.
 */
final class SignalHandler {
    private final LeasedLedger ledger;
    private final EventLoop loop;
    private final WatermarkWriter watermark;

    /** Whether somebody waits for the ledger to hold the position of a fence. */
    private boolean fenced;

    SignalHandler(LeasedLedger ledger, EventLoop loop, WatermarkWriter watermark) {
        this.ledger = ledger;
        this.loop = loop;
        this.watermark = watermark;
    }

    /** @param position up to which the log has been routed with the signals */
    void handle(List<Signal> signals, Lsn position) {
        Set<Long> fences = new HashSet<>();
        boolean probed = false;
        boolean beaten = false;
        for (Signal signal : signals) {
            switch (signal.kind()) {
                case Signal.HEARTBEAT -> beaten = true;
                case Signal.FENCE -> oid(signal.body()).ifPresent(fences::add);
                case Signal.PROBE -> probed = true;
                case Signal.REQUEST -> passOnRequests();
                default -> {} // A mark's message has done its work by being read.
            }
        }
        if (beaten) {
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

    /** Writes the watermark once, however many heartbeats have queued up: a check reads the whole catalog. */
    private void heartbeat() {
        watermark.write();
        // The message of a request may have been read from the log before its row was visible.
        if (!ledger.jdbi().withHandle(Requests::pending).isEmpty()) {
            passOnRequests();
        }
    }

    /** Everything before a fence is routed and visible: the ledger says so, if somebody waits for that. */
    void routed() {
        if (fenced) {
            fenced = false;
            watermark.write();
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
