package io.refreshd.stream;

import io.refreshd.capture.ChangeSource;
import io.refreshd.report.StreamPhase;
import io.refreshd.stream.StartPermits.Permit;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The permit of one database to begin, and what happens meanwhile. The permit is held from the connection to the first batch, and not while
 * the database waits for somebody: a standby, or whoever waits for the end of a transaction, holds up no other database.
 *
 * <p>Thread: the supervisor takes it, any thread gives it back.
 */
final class StartTurn implements StreamEvents {
    /** The detail of an attempt that waits for its permit. */
    static final String WAITING = "other databases of this process begin first";

    private final StartPermits permits;
    private final StreamEvents events;
    private @Nullable Permit held;

    StartTurn(StartPermits permits, StreamEvents events) {
        this.permits = permits;
        this.events = events;
    }

    /** Blocks until there is a permit, unless one is held. */
    void take() throws InterruptedException {
        if (isHeld()) {
            return;
        }
        events.phase(StreamPhase.CONNECTING, WAITING);
        Permit taken = permits.take();
        synchronized (this) {
            held = taken;
        }
        events.phase(StreamPhase.CONNECTING, StreamAttempt.PREPARING);
    }

    private synchronized boolean isHeld() {
        return held != null;
    }

    synchronized void giveBack() {
        Permit taken = held;
        held = null;
        if (taken != null) {
            taken.close();
        }
    }

    @Override
    public void phase(StreamPhase phase, String detail) {
        if (!detail.equals(StreamAttempt.PREPARING)) {
            giveBack();
        }
        events.phase(phase, detail);
    }

    @Override
    public void session(Optional<DatabaseSession> session) {
        events.session(session);
    }

    @Override
    public void capture(ChangeSource run) {
        events.capture(run);
    }
}
