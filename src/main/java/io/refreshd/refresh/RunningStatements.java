package io.refreshd.refresh;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jdbi.v3.core.ConnectionException;
import org.jdbi.v3.core.Handle;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the connections on which refreshes run, so that they can be cancelled.
 *
 * <p>Thread: thread-safe.
 */
final class RunningStatements {
    private static final Logger log = LoggerFactory.getLogger(RunningStatements.class);

    /** How much longer than the server's own limit to wait, until the error that it sends must have arrived. */
    private static final Duration GRACE = Duration.ofSeconds(30);

    private final Set<Connection> running = ConcurrentHashMap.newKeySet();
    private final Duration limit;
    private volatile boolean cancelled;

    /** @param limit of one statement; zero means no limit */
    RunningStatements(Duration limit) {
        this.limit = limit;
    }

    /** Work on a connection that can be cancelled. */
    interface Work<T> {
        T run() throws SQLException, InterruptedException;
    }

    <T> T track(Handle transaction, Work<T> work) throws InterruptedException {
        Connection connection = transaction.getConnection();
        running.add(connection);
        try {
            long silence = limit.isZero() ? 0 : limit.plus(GRACE).toMillis();
            connection.setNetworkTimeout(Runnable::run, (int) Math.min(silence, Integer.MAX_VALUE));
            return work.run();
        } catch (SQLException e) {
            throw new ConnectionException(e);
        } finally {
            running.remove(connection);
        }
    }

    boolean cancelled() {
        return cancelled;
    }

    /**
     * Cancels what runs, and what begins later. The request goes to the server, since the driver ignores interrupts while it
     * waits.
     */
    void cancel() {
        cancelled = true;
        for (Connection connection : running) {
            try {
                connection.unwrap(PGConnection.class).cancelQuery();
            } catch (SQLException e) {
                // A connection that cannot be reached runs nothing any more.
                log.atDebug().setCause(e).log("Could not cancel a refresh");
            }
        }
    }
}
