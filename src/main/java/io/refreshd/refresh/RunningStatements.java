package io.refreshd.refresh;

import io.refreshd.model.Moment;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jdbi.v3.core.ConnectionException;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
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

    private final Set<RunningStatement> running = ConcurrentHashMap.newKeySet();
    private final Duration limit;
    private final LockPatience patience;
    private final LockWatch watch;
    private final Supplier<Moment> clock;
    private volatile boolean cancelled;

    /** @param limit of one statement; zero means no limit */
    RunningStatements(Duration limit, LockPatience patience, Jdbi jdbi, Supplier<Moment> clock) {
        this.clock = clock;
        this.limit = limit;
        this.patience = patience;
        this.watch = new LockWatch(jdbi, running);
    }

    /** Work on a connection that can be cancelled. */
    interface Work<T> {
        T run() throws SQLException, InterruptedException;
    }

    /** @param view what the work is about. @throws GaveWayException if the work was cancelled for the sake of another session */
    <T> T track(Handle transaction, Object view, Work<T> work) throws InterruptedException {
        Connection connection = transaction.getConnection();
        try {
            RunningStatement statement = new RunningStatement(connection, view, patience, clock);
            running.add(statement);
            watch.begun();
            try {
                long silence = limit.isZero() ? 0 : limit.plus(GRACE).toMillis();
                connection.setNetworkTimeout(Runnable::run, (int) Math.min(silence, Integer.MAX_VALUE));
                return work.run();
            } catch (SQLException | JdbiException e) {
                if (statement.gaveWay().isPresent()) {
                    throw new GaveWayException(statement.gaveWay().get(), e);
                }
                throw e;
            } finally {
                running.remove(statement);
                statement.ended();
            }
        } catch (SQLException e) {
            throw new ConnectionException(e);
        }
    }

    boolean cancelled() {
        return cancelled;
    }

    /** Cancels what runs, and what begins later. */
    void cancel() {
        cancelled = true;
        for (RunningStatement statement : running) {
            try {
                statement.cancel();
            } catch (SQLException e) {
                // A connection that cannot be reached runs nothing any more.
                log.atDebug().setCause(e).log("Could not cancel a refresh");
            }
        }
    }
}
