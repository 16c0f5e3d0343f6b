package io.refreshd.refresh;

import io.refreshd.database.PlainSession;
import io.refreshd.ledger.RefreshWrites;
import io.refreshd.ledger.StorageVersion;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Snapshot;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewChange;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;

/**
 * Refreshes one view in one transaction, or several together: takes a snapshot, runs REFRESH, and records in the ledger what the view now holds.
 *
 * <p>Thread: workers of the scheduler call {@link #refresh}, several at a time for different views. It blocks for as long as the
 * REFRESH takes.
 *
 * <p>Failure: an error of the database is an outcome and not an exception.
 */
public final class PostgresRefresher {
    private final RunningStatements running;
    private final RefreshAttempts attempts;
    private final RowLookups rowLookups;
    private final RoutedCatalog routed;
    private final IncrementalRefresher incremental;
    private final GroupRefresher groups;
    private final ViewNotifications notifications;
    private final Jdbi jdbi;
    private final long lease;
    private final RefreshLimits limits;
    private final Supplier<Moment> clock;
    private final Function<Lsn, Optional<Instant>> commitTimes;

    /** A refresher that tells no subscribers. */
    public PostgresRefresher(
            Jdbi jdbi,
            long lease,
            RefreshLimits limits,
            Supplier<Moment> clock,
            Function<Lsn, Optional<Instant>> commitTimes) {
        this(jdbi, lease, limits, clock, commitTimes, view -> false, change -> {}, new RoutedCatalog(jdbi, () -> {}));
    }

    /**
     * @param lease token of the lease
     * @param commitTimes returns the commit time that a position of the log stands for; empty if it is not known
     * @param notifies the views of whose changes subscribers are told
     * @param changes hears of each such change once it has committed; called by workers of the scheduler
     * @param routed by which catalog changes are routed
     */
    public PostgresRefresher(
            Jdbi jdbi,
            long lease,
            RefreshLimits limits,
            Supplier<Moment> clock,
            Function<Lsn, Optional<Instant>> commitTimes,
            Predicate<ViewId> notifies,
            Consumer<ViewChange> changes,
            RoutedCatalog routed) {
        this.routed = routed;
        this.notifications = new ViewNotifications(notifies, changes);
        LockPatience patience = new LockPatience(limits.patience());
        this.attempts = new RefreshAttempts(jdbi, lease, patience, clock);
        this.running = new RunningStatements(limits.statement(), patience, jdbi, clock);
        this.rowLookups = new RowLookups(jdbi, lease, limits, commitTimes, routed);
        this.incremental =
                new IncrementalRefresher(jdbi, lease, limits, clock, commitTimes, running, attempts, notifications);
        this.groups =
                new GroupRefresher(jdbi, lease, limits, clock, commitTimes, running, attempts, notifications, routed);
        this.jdbi = jdbi;
        this.lease = lease;
        this.limits = limits;
        this.clock = clock;
        this.commitTimes = commitTimes;
    }

    public RefreshOutcome refresh(RefreshTask task, LaterChanges later) {
        if (task.method() == Method.INCREMENTAL) {
            LaterOfViews ofOne = (views, position) -> Map.of(task.view(), later.upTo(position));
            return Objects.requireNonNull(round(List.of(task), ofOne).get(task.view()));
        }
        return attempts.run(task, () -> lookedUpOrRefreshed(task, later));
    }

    /**
     * Brings views up to date in one transaction, so that they agree afterwards. An incremental view that fails does not keep the others
     * from it; of other views, which are a group, all are refreshed or none.
     *
     * @return the outcome of each task
     */
    public Map<ViewId, RefreshOutcome> round(List<RefreshTask> tasks, LaterOfViews later) {
        Map<ViewId, RefreshOutcome> outcomes = tasks.getFirst().method() == Method.INCREMENTAL
                ? incremental.round(tasks, later)
                : groups.refresh(tasks);
        if (outcomes.containsValue(new RefreshOutcome.Altered())) {
            routed.outdated();
        }
        return outcomes;
    }

    private RefreshOutcome lookedUpOrRefreshed(RefreshTask task, LaterChanges later) throws InterruptedException {
        if (routed.differs(List.of(task))) {
            return new RefreshOutcome.Altered();
        }
        Optional<RefreshOutcome> lookedUp =
                task.lookups().isEmpty() ? Optional.empty() : rowLookups.lookup(task, later, running);
        return lookedUp.isPresent() ? lookedUp.get() : refresh(task, clock.get().nanos());
    }

    private RefreshOutcome refresh(RefreshTask task, long start) throws InterruptedException {
        if (running.cancelled()) {
            throw new InterruptedException();
        }
        // The default level of the database may be another one. Under READ COMMITTED, REFRESH takes a snapshot of its
        // own, which is later than the one in the preparation.
        Finished finished;
        try (Handle handle = jdbi.open()) {
            try {
                finished = handle.inTransaction(
                        TransactionIsolationLevel.READ_COMMITTED,
                        transaction ->
                                running.track(transaction, task.view(), () -> refresh(transaction, task, start)));
            } catch (RolledBack rolledBack) {
                return rolledBack.outcome;
            } finally {
                AdvisoryLocks.release(handle);
            }
        }
        notifications.committed(finished.messages());
        return new RefreshOutcome.Refreshed(
                finished.snapshot(),
                finished.duration(),
                finished.rowsChanged(),
                finished.downstreamMarked(),
                clock.get().wall());
    }

    /** The index without which each changed key of an incremental view costs the reading of a whole table, if a round found that. */
    public Optional<Obstacle> missingIndex(long view) {
        return incremental.missingIndex(view);
    }

    /** Cancels the refreshes that run, and makes later ones fail. */
    public void cancel() {
        running.cancel();
    }

    private Finished refresh(Handle transaction, RefreshTask task, long start) throws SQLException {
        Preparation prepared = Preparation.in(transaction, task.oid(), limits.within(task.timeLimit()));
        prepared.obstacleTo(task).ifPresent(outcome -> {
            throw new RolledBack(outcome);
        });
        // Looked up now: by the end of a long refresh the commit time of an old position is no longer known.
        Optional<Instant> commitTime = task.routed().flatMap(commitTimes);
        boolean othersSawThis = othersSawPresentContent(transaction, task);
        Optional<Long> before = RowsChanged.soFar(transaction, task.oid());
        PlainSession.ofOwner(transaction.getConnection(), task.oid())
                .execute(transaction.getConnection(), statement(task));
        if (routed.differs(List.of(task))) {
            throw new RolledBack(new RefreshOutcome.Altered());
        }
        Optional<Long> rowsChanged = task.method() == Method.CONCURRENT
                ? before.flatMap(
                        then -> RowsChanged.soFar(transaction, task.oid()).map(now -> now - then))
                : Optional.empty();
        boolean downstream = !task.downstream().isEmpty() && !(othersSawThis && rowsChanged.equals(Optional.of(0L)));
        Duration duration = attempts.since(start);
        // REFRESH has locked the view that has the name now. If that is another view than the task means, roll back.
        if (!Preparation.nameMeans(transaction, task.view(), task.oid())
                || !RefreshWrites.refreshed(
                        transaction, lease, task, prepared.snapshot(), commitTime, duration, rowsChanged, downstream)) {
            throw new RolledBack(new RefreshOutcome.Gone());
        }
        return new Finished(
                prepared.snapshot(),
                duration,
                rowsChanged,
                downstream,
                notify(transaction, task, rowsChanged, othersSawThis));
    }

    private List<ViewNotifications.Message> notify(
            Handle transaction, RefreshTask task, Optional<Long> rowsChanged, boolean othersSawPrevious) {
        boolean none = rowsChanged.equals(Optional.of(0L));
        if (none && othersSawPrevious) {
            return List.of();
        }
        return notifications.send(
                transaction,
                List.of(new ViewNotifications.Changed(
                        task.view(), task.oid(), task.method(), none ? Optional.empty() : rowsChanged)));
    }

    /**
     * Whether the views that read this one were refreshed, or marked, since its present content was committed, and subscribers were told of
     * it. Not so if somebody else refreshed it: then this refresh may change nothing, and the others lack what that refresh brought.
     */
    private boolean othersSawPresentContent(Handle transaction, RefreshTask task) throws SQLException {
        boolean nobody = task.downstream().isEmpty() && !notifications.isWanted(task.view());
        if (nobody || task.method() != Method.CONCURRENT) {
            return false;
        }
        RefreshLock.take(transaction, task.view());
        return StorageVersion.isOursAndLocked(transaction, task.oid());
    }

    static String statement(RefreshTask task) {
        String name = SqlNames.qualified(task.view());
        return switch (task.method()) {
            case CONCURRENT -> "REFRESH MATERIALIZED VIEW CONCURRENTLY " + name;
            case PLAIN -> "REFRESH MATERIALIZED VIEW " + name;
            case INCREMENTAL ->
                throw new IllegalArgumentException("an incremental view is not refreshed by REFRESH: " + name);
        };
    }

    /** The result of a refresh that has run but not committed. */
    private record Finished(
            Snapshot snapshot,
            Duration duration,
            Optional<Long> rowsChanged,
            boolean downstreamMarked,
            List<ViewNotifications.Message> messages) {}

    /** Thrown to roll the transaction back, with an outcome that is not a failure. */
    private static final class RolledBack extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final transient RefreshOutcome outcome;

        RolledBack(RefreshOutcome outcome) {
            super(null, null, false, false);
            this.outcome = outcome;
        }
    }
}
