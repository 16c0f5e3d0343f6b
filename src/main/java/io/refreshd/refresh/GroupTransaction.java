package io.refreshd.refresh;

import io.refreshd.database.PlainSession;
import io.refreshd.ledger.Lease;
import io.refreshd.ledger.RefreshWrites;
import io.refreshd.ledger.StorageVersion;
import io.refreshd.model.Method;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * The transaction that makes the rows of a group's views what their queries give in its one snapshot.
 *
 * <p>Thread: the one that owns the connection.
 */
final class GroupTransaction {
    private final List<RefreshTask> tasks;
    private final long lease;
    private final RefreshLimits limits;
    private final LockedRelations relations;
    private final RoutedCatalog routed;
    private Map<Long, String> versions = Map.of();
    private @Nullable RefreshTask current;

    /** @param tasks each after those of the views that it reads */
    GroupTransaction(
            List<RefreshTask> tasks,
            long lease,
            RefreshLimits limits,
            LockedRelations relations,
            RoutedCatalog routed) {
        this.routed = routed;
        this.tasks = tasks;
        this.lease = lease;
        this.limits = limits;
        this.relations = relations;
    }

    /** How it ended. */
    sealed interface Result {
        /**
         * The rows are committed.
         *
         * @param transaction its id, which the views' rows in {@code pg_class} have now
         * @param rows how many rows of each view were added, removed or replaced, by oid; of a view that is not there nothing is known
         * @param seen oids of the views whose former rows the views that read them, and subscribers, know of
         */
        record Committed(Snapshot snapshot, String transaction, Map<Long, Long> rows, Set<Long> seen)
                implements Result {
            RefreshWrites.Written written(
                    RefreshTask task, Optional<Instant> commitTime, Duration duration, String detail) {
                boolean same = seen.contains(task.oid()) && Objects.equals(rows.get(task.oid()), 0L);
                return new RefreshWrites.Written(
                        task,
                        snapshot,
                        commitTime,
                        duration,
                        Optional.ofNullable(rows.get(task.oid())),
                        !task.downstream().isEmpty() && !same,
                        detail);
            }
        }

        /** Nothing was done, for the sake of these views. */
        record Not(Map<ViewId, RefreshOutcome> outcomes) implements Result {}

        /** It was rolled back: others have changed in between what the views read. */
        record InVain() implements Result {}
    }

    /** The view whose statement ran when the transaction failed; empty if it was that of none. */
    Optional<RefreshTask> current() {
        return Optional.ofNullable(current);
    }

    /** The versions of the views in the snapshot; none if it was not taken. */
    Map<Long, String> versions() {
        return versions;
    }

    Result run(Handle handle) throws SQLException {
        handle.begin();
        try {
            handle.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
            Result result = refreshed(handle);
            if (result instanceof Result.Committed) {
                Lease.proveAndCommitWithoutWaiting(handle, lease);
                handle.commit();
                // From now on the versions differ by what this transaction has written.
                versions = Map.of();
            }
            return result;
        } finally {
            if (handle.isInTransaction()) {
                handle.rollback();
            }
        }
    }

    private Result refreshed(Handle transaction) throws SQLException {
        List<Long> oids = tasks.stream().map(RefreshTask::oid).toList();
        Map<Long, Preparation> prepared = Preparation.in(transaction, oids, limits);
        Map<ViewId, RefreshOutcome> obstacles = new HashMap<>();
        for (RefreshTask task : tasks) {
            Objects.requireNonNull(prepared.get(task.oid()))
                    .obstacleTo(task)
                    .ifPresent(obstacle -> obstacles.put(task.view(), obstacle));
        }
        if (!obstacles.isEmpty()) {
            return new Result.Not(obstacles);
        }
        if (routed.differs(tasks)) {
            return altered();
        }
        versions = LockedRelations.versions(transaction, oids);
        Set<Long> seen = StorageVersion.ours(transaction, oids);
        Map<Long, Long> rows = new HashMap<>();
        for (RefreshTask task : tasks) {
            current = task;
            refresh(transaction, task).ifPresent(changed -> rows.put(task.oid(), changed));
            // REFRESH has locked the view that has the name now. If that is another view than the task means, roll
            // back.
            if (!Preparation.nameMeans(transaction, task.view(), task.oid())) {
                return new Result.Not(Map.of(task.view(), new RefreshOutcome.Gone()));
            }
        }
        current = null;
        if (routed.differs(tasks)) {
            return altered();
        }
        if (relations.changedSince(transaction)) {
            return new Result.InVain();
        }
        String id = transaction
                .createQuery("SELECT CAST(pg_catalog.pg_current_xact_id() AS xid)")
                .mapTo(String.class)
                .one();
        Snapshot snapshot =
                Objects.requireNonNull(prepared.get(oids.getFirst())).snapshot();
        return new Result.Committed(snapshot, id, rows, seen);
    }

    private Result altered() {
        return new Result.Not(Map.of(tasks.getFirst().view(), new RefreshOutcome.Altered()));
    }

    /** @return how many rows were added, removed or replaced, if that is known */
    private static Optional<Long> refresh(Handle transaction, RefreshTask task) throws SQLException {
        Optional<Long> before = RowsChanged.soFar(transaction, task.oid());
        PlainSession.ofOwner(transaction.getConnection(), task.oid())
                .execute(transaction.getConnection(), PostgresRefresher.statement(task));
        return task.method() == Method.CONCURRENT
                ? before.flatMap(
                        then -> RowsChanged.soFar(transaction, task.oid()).map(now -> now - then))
                : Optional.empty();
    }
}
