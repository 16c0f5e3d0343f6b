package io.refreshd.daemon;

import io.refreshd.capture.ChangeSource;
import io.refreshd.model.Lsn;
import io.refreshd.report.StreamPhase;
import io.refreshd.report.StreamStatus;
import io.refreshd.stream.DatabaseSession;
import io.refreshd.stream.StreamEvents;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The present state of the stream: its session, its capture, and the phase that an attempt has come to.
 *
 * <p>Thread: the supervisor writes, any thread reads and may end the capture.
 */
final class StreamState implements StreamEvents {
    private static final Logger log = LoggerFactory.getLogger(StreamState.class);

    private volatile StreamStatus attempt = StreamStatus.CONNECTING;
    private volatile @Nullable DatabaseSession session;
    private volatile @Nullable ChangeSource capture;
    private volatile boolean leaseHeld;
    private volatile boolean closing;

    @Override
    public void phase(StreamPhase phase, String detail) {
        attempt = new StreamStatus(phase, Optional.empty(), Optional.empty(), detail);
    }

    @Override
    public void session(Optional<DatabaseSession> built) {
        leaseHeld = built.isPresent();
        session = built.orElse(null);
    }

    @Override
    public void capture(ChangeSource started) {
        capture = started;
        // Closing may have begun since the attempt looked.
        if (closing) {
            started.close();
        }
    }

    /** An attempt failed, and the next one follows. */
    void failed(String detail) {
        attempt = new StreamStatus(StreamPhase.CONNECTING, Optional.empty(), Optional.empty(), detail);
    }

    /** Empty while there is none, and when the daemon closes. */
    Optional<DatabaseSession> openSession() {
        return closing ? Optional.empty() : session();
    }

    /** Whether the session's event loop has ended of something that must not happen. */
    boolean isLoopDead() {
        return session().filter(present -> present.loop().isDead()).isPresent();
    }

    Optional<DatabaseSession> session() {
        return Optional.ofNullable(session);
    }

    boolean isStreaming() {
        StreamPhase phase = status().phase();
        return phase == StreamPhase.STREAMING || phase == StreamPhase.HELD;
    }

    StreamStatus status() {
        DatabaseSession present = session;
        ChangeSource active = capture;
        if (closing) {
            return new StreamStatus(StreamPhase.STOPPED, Optional.empty(), Optional.empty(), "");
        }
        if (present == null || active == null || active.ended().isDone()) {
            return attempt;
        }
        Optional<Instant> last = present.ingest().lastBatch();
        if (last.isEmpty()) {
            return attempt;
        }
        Optional<Lsn> claimed = Optional.of(present.watermark().claimed().lsn());
        return active.waitingFor()
                .map(xid -> new StreamStatus(
                        StreamPhase.HELD,
                        last,
                        claimed,
                        "transaction " + xid + " is in the log but not visible yet (is a synchronous standby away?)"))
                .orElseGet(() -> new StreamStatus(StreamPhase.STREAMING, last, claimed, ""));
    }

    /** Whether the lease was held when the guard looked last. */
    boolean isLeaseHeld() {
        return leaseHeld;
    }

    void leaseLost() {
        leaseHeld = false;
    }

    boolean hasCapture() {
        ChangeSource active = capture;
        return active != null && !active.ended().isDone();
    }

    /** Ends the present capture, if there is one. The next attempt finds out what to do. */
    void endCapture() {
        ChangeSource active = capture;
        if (active == null) {
            return;
        }
        try {
            active.close();
        } catch (RuntimeException e) {
            log.atWarn().setCause(e).log("The capture could not be closed in order");
        }
    }

    /** The daemon ends: the capture is closed, and none begins any more. */
    void close() {
        closing = true;
        endCapture();
    }
}
