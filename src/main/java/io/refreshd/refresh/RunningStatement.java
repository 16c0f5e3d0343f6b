package io.refreshd.refresh;

import io.refreshd.model.Moment;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import org.postgresql.PGConnection;

/**
 * A refresh, the look-up in its place, or other long work that runs on a connection and can be cancelled.
 *
 * <p>Thread: thread-safe.
 */
final class RunningStatement {
    private final Connection connection;
    private final int pid;
    private final Duration patience;
    private final Supplier<Moment> clock;
    private final long began;
    private boolean ended;
    private Optional<LockConflict> gaveWay = Optional.empty();

    /** @param patience how long it may hold up the lock of another session */
    RunningStatement(Connection connection, Object view, LockPatience patience, Supplier<Moment> clock)
            throws SQLException {
        this.connection = connection;
        this.pid = connection.unwrap(PGConnection.class).getBackendPID();
        this.patience = patience.of(view);
        this.clock = clock;
        this.began = clock.get().nanos();
    }

    /** The server's process for it. */
    int pid() {
        return pid;
    }

    Duration patience() {
        return patience;
    }

    boolean ranFor(Duration time) {
        return clock.get().nanosSince(began) >= time.toNanos();
    }

    /**
     * Cancels what runs on the connection. The request goes to the server, since the driver ignores interrupts while it waits.
     *
     * <p>Invariant: after {@link #ended} nothing is cancelled, since the connection then serves others.
     */
    synchronized void cancel() throws SQLException {
        if (!ended) {
            connection.unwrap(PGConnection.class).cancelQuery();
        }
    }

    /**
     * Cancels it for the sake of another session. A request that arrives between two statements has no effect, so that the call is
     * repeated until the work has ended.
     */
    synchronized void giveWay(LockConflict conflict) throws SQLException {
        if (!ended) {
            gaveWay = Optional.of(conflict);
            cancel();
        }
    }

    synchronized void ended() {
        ended = true;
    }

    /** Why this was cancelled for the sake of another session, if it was. */
    synchronized Optional<LockConflict> gaveWay() {
        return gaveWay;
    }
}
