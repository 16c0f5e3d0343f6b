package io.refreshd.refresh;

import io.refreshd.catalog.TrustedCode;
import io.refreshd.database.JdbiFactory;
import io.refreshd.ledger.Lease;
import io.refreshd.ledger.RefreshWrites;
import io.refreshd.ledger.StorageVersion;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Lsn;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Snapshot;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out whether a view needs a refresh, by comparing the changed rows alone with the definition. That takes milliseconds.
 *
 * <p>Invariant: if the outcome is "unchanged", the view equals its definition in the snapshot, as after a refresh.
 *
 * <p>The look-ups of the task are not enough for that. The snapshot may see a later transaction that the daemon has not read from
 * the log yet, and which reverted one of the changes and made another one. So if the look-ups find no difference, the daemon
 * first reads the log up to the position at which it stood when the snapshot was taken. The rows of those changes are compared
 * in the same snapshot.
 *
 * <p>Invariant: the definition is planned only where {@link TrustedCode} has just proven what it runs. The transaction is READ ONLY and
 * rolled back, so that nothing a function does outlasts it.
 */
final class RowLookups {
    private static final Logger log = LoggerFactory.getLogger(RowLookups.class);

    private final Jdbi jdbi;
    private final long lease;
    private final RefreshLimits limits;
    private final Function<Lsn, Optional<Instant>> commitTimes;
    private final RoutedCatalog routed;

    RowLookups(
            Jdbi jdbi,
            long lease,
            RefreshLimits limits,
            Function<Lsn, Optional<Instant>> commitTimes,
            RoutedCatalog routed) {
        this.routed = routed;
        this.commitTimes = commitTimes;
        this.jdbi = jdbi;
        this.lease = lease;
        this.limits = limits;
    }

    /** @return the outcome; empty if the view differs or may differ, so that it must be refreshed */
    Optional<RefreshOutcome> lookup(RefreshTask task, LaterChanges later, RunningStatements running)
            throws InterruptedException {
        try (Handle handle = jdbi.open()) {
            LookedUp lookedUp = running.track(handle, task.view(), () -> rolledBack(handle, task, later));
            if (lookedUp.outcome().isPresent() || !lookedUp.agrees()) {
                return lookedUp.outcome();
            }
            boolean[] known = new boolean[1];
            Lease.write(
                    handle,
                    lease,
                    transaction -> known[0] = RefreshWrites.unchanged(
                            transaction,
                            task,
                            lookedUp.snapshot(),
                            task.routed().flatMap(commitTimes)));
            return Optional.of(
                    known[0] ? new RefreshOutcome.Unchanged(lookedUp.snapshot()) : new RefreshOutcome.Gone());
        } catch (JdbiException notLookedUp) {
            // A privilege or a connection is missing, say. The refresh that follows reports the error.
            log.atDebug()
                    .addKeyValue("view", task.view())
                    .setCause(notLookedUp)
                    .log("Could not look up rows of the view");
            return Optional.empty();
        }
    }

    private static boolean isTrusted(Handle handle, RefreshTask task) throws SQLException {
        return TrustedCode.obstacle(handle.getConnection(), task.oid(), TrustedCode.Use.LOOKUP)
                .isEmpty();
    }

    private LookedUp rolledBack(Handle handle, RefreshTask task, LaterChanges later)
            throws SQLException, InterruptedException {
        handle.begin();
        try {
            handle.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
            return compare(handle, task, later);
        } finally {
            handle.rollback();
        }
    }

    private record LookedUp(Snapshot snapshot, boolean agrees, Optional<RefreshOutcome> outcome) {}

    private LookedUp compare(Handle transaction, RefreshTask task, LaterChanges later)
            throws SQLException, InterruptedException {
        Preparation prepared = Preparation.in(transaction, task.oid(), limits);
        Optional<RefreshOutcome> obstacle = prepared.obstacleTo(task);
        if (obstacle.isPresent()) {
            return new LookedUp(prepared.snapshot(), false, obstacle);
        }
        // What somebody else brought is not among the changed rows, and the views that read this one would not be told
        // of it.
        if (!StorageVersion.isOurs(transaction, task.oid())
                .orElse(task.downstream().isEmpty())) {
            return new LookedUp(prepared.snapshot(), false, Optional.empty());
        }
        Comparison comparison = Comparison.of(transaction.getConnection(), task.view(), task.oid());
        boolean agrees = agrees(comparison, task, task.lookups());
        if (agrees) {
            // The position is read after the snapshot: every transaction that the snapshot sees committed before it.
            Lsn position = Lsn.parse(transaction
                    .createQuery("SELECT pg_current_wal_insert_lsn()::text")
                    .mapTo(String.class)
                    .one());
            Optional<List<KeyLookup>> more = later.upTo(position);
            agrees = more.isPresent() && agrees(comparison, task, more.get());
        }
        if (agrees && routed.differs(List.of(task))) {
            return new LookedUp(prepared.snapshot(), false, Optional.of(new RefreshOutcome.Altered()));
        }
        return new LookedUp(prepared.snapshot(), agrees, Optional.empty());
    }

    /**
     * Proves, then compares. The proof is made on a connection of its own: in the transaction's snapshot it would be as old as the
     * snapshot, and the planner goes by the catalog of the moment.
     */
    private boolean agrees(Comparison comparison, RefreshTask task, List<KeyLookup> rows) throws SQLException {
        if (rows.isEmpty()) {
            return true;
        }
        try (Handle other = JdbiFactory.ofCatalog(jdbi).open()) {
            if (!isTrusted(other, task)) {
                return false;
            }
        }
        return comparison.agrees(rows);
    }
}
