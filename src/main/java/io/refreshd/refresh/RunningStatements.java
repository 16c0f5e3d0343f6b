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

/** The connections that work for a view at the moment, so that they can be made to stop. Any thread may call it. */
final class RunningStatements {
    private static final Logger log = LoggerFactory.getLogger(RunningStatements.class);

    private static final Duration GRACE = Duration.ofSeconds(30);

    private final Set<Connection> running = ConcurrentHashMap.newKeySet();
    private final Duration limit;
    private volatile boolean cancelled;

    /** @param limit of one statement; zero is none */
    RunningStatements(Duration limit) {
        this.limit = limit;
    }

    /** What is done on a connection while it can be cancelled. */
    interface Work<T> {
        T run() throws SQLException, InterruptedException;
    }

    <T> T track(Handle transaction, Work<T> work) throws InterruptedException {
        Connection connection = transaction.getConnection();
        running.add(connection);
        try {
            // The server's own limit, and then some for its word about it to arrive.
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

    /** Asks the server to give up whatever runs, for good: the driver does not heed an interrupt while it waits. */
    void cancel() {
        cancelled = true;
        for (Connection connection : running) {
            try {
                connection.unwrap(PGConnection.class).cancelQuery();
            } catch (SQLException e) {
                // Its end is what was wanted; a connection that cannot be reached has come to one.
                log.atDebug().setCause(e).log("A refresh could not be cancelled");
            }
        }
    }
}
