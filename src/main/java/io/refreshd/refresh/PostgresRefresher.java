package io.refreshd.refresh;

import io.refreshd.ledger.RefreshWrites;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Snapshot;
import io.refreshd.model.SqlNames;
import io.refreshd.model.Xid;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Refreshes one view in one transaction: see what is visible, refresh, write down what the view now holds.
 *
 * <p>Called on a worker thread of the scheduler, several at a time for different views. Blocks for as long as the REFRESH
 * takes. Never throws for what the database says; that is an outcome.
 */
public final class PostgresRefresher {
    private static final Logger log = LoggerFactory.getLogger(PostgresRefresher.class);

    private final Set<Connection> running = ConcurrentHashMap.newKeySet();
    private final Jdbi jdbi;
    private final String user;
    private final RefreshLimits limits;
    private final Supplier<Moment> clock;

    /** @param user the role that refreshes, for the statements that mend a lack of privileges */
    public PostgresRefresher(Jdbi jdbi, String user, RefreshLimits limits, Supplier<Moment> clock) {
        this.jdbi = jdbi;
        this.user = user;
        this.limits = limits;
        this.clock = clock;
    }

    public RefreshOutcome refresh(RefreshTask task) {
        long start = clock.get().nanos();
        try {
            // Not the database's default level, which may be another: REFRESH has to take a snapshot of its own, later
            // than
            // the one that was looked at.
            Optional<Done> done = jdbi.inTransaction(
                    TransactionIsolationLevel.READ_COMMITTED, transaction -> tracked(transaction, task, start));
            return done.<RefreshOutcome>map(refreshed -> new RefreshOutcome.Refreshed(
                            refreshed.snapshot(),
                            refreshed.duration(),
                            refreshed.rowsChanged(),
                            refreshed.downstreamMarked(),
                            clock.get().wall()))
                    .orElseGet(() -> new RefreshOutcome.Unchanged(since(start)));
        } catch (Undone undone) {
            return undone.outcome;
        } catch (JdbiException e) { // also when no connection can be had
            if (e.getCause() instanceof SQLException error) {
                return failed(task, error, since(start));
            }
            throw e;
        }
    }

    /** Asks the server to give up every refresh that runs: the driver does not heed an interrupt while it waits. */
    public void cancel() {
        for (Connection connection : running) {
            try {
                connection.unwrap(PGConnection.class).cancelQuery();
            } catch (SQLException e) {
                // Its end is what was wanted; a connection that cannot be reached has come to one.
                log.atDebug().setCause(e).log("A refresh could not be cancelled");
            }
        }
    }

    private Optional<Done> tracked(Handle transaction, RefreshTask task, long start) {
        Connection connection = transaction.getConnection();
        running.add(connection);
        try {
            return refresh(transaction, task, start);
        } finally {
            running.remove(connection);
        }
    }

    private Optional<Done> refresh(Handle transaction, RefreshTask task, long start) {
        Preparation prepared = Preparation.in(transaction, task.oid(), limits);
        Optional<Xid> notVisible = task.awaited().stream()
                .filter(xid -> !prepared.snapshot().sees(xid))
                .findFirst();
        if (notVisible.isPresent()) {
            throw new Undone(new RefreshOutcome.NotVisibleYet(notVisible.get()));
        }
        // Created anew or renamed since the task was made: whoever meant this view meant another one.
        if (prepared.view().filter(task.view()::equals).isEmpty()) {
            throw new Undone(new RefreshOutcome.Gone());
        }
        if (!task.probes().isEmpty() && Probe.agrees(transaction, task)) {
            if (!Preparation.nameMeans(transaction, task.view(), task.oid())
                    || !RefreshWrites.unchanged(transaction, task)) {
                throw new Undone(new RefreshOutcome.Gone());
            }
            return Optional.empty();
        }
        Optional<Long> before = RowsChanged.soFar(transaction, task.oid());
        transaction.execute(statement(task));
        Optional<Long> rowsChanged = task.method() == Method.CONCURRENT
                ? before.flatMap(
                        then -> RowsChanged.soFar(transaction, task.oid()).map(now -> now - then))
                : Optional.empty();
        boolean downstream =
                !task.downstream().isEmpty() && rowsChanged.map(n -> n > 0).orElse(true);
        Duration duration = since(start);
        // The name is locked by now. If it is no longer the view that was meant, nothing of this may stay.
        if (!Preparation.nameMeans(transaction, task.view(), task.oid())
                || !RefreshWrites.refreshed(
                        transaction, task, prepared.snapshot(), duration, rowsChanged, downstream)) {
            throw new Undone(new RefreshOutcome.Gone());
        }
        return Optional.of(new Done(prepared.snapshot(), duration, rowsChanged, downstream));
    }

    private static String statement(RefreshTask task) {
        String name = SqlNames.qualified(task.view());
        return switch (task.method()) {
            case CONCURRENT -> "REFRESH MATERIALIZED VIEW CONCURRENTLY " + name;
            case PLAIN -> "REFRESH MATERIALIZED VIEW " + name;
        };
    }

    private RefreshOutcome failed(RefreshTask task, SQLException error, Duration duration) {
        return new RefreshOutcome.Failed(Failures.of(task.view(), user, error), duration);
    }

    private Duration since(long start) {
        return Duration.ofNanos(clock.get().nanosSince(start));
    }

    /** Done, but not committed yet. */
    private record Done(Snapshot snapshot, Duration duration, Optional<Long> rowsChanged, boolean downstreamMarked) {}

    /** Leaves the transaction so that it is rolled back, with an outcome that is no failure. */
    private static final class Undone extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final transient RefreshOutcome outcome;

        Undone(RefreshOutcome outcome) {
            super(null, null, false, false);
            this.outcome = outcome;
        }
    }
}
