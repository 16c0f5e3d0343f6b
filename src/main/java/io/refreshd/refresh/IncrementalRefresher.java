package io.refreshd.refresh;

import io.refreshd.incremental.StoreLayout;
import io.refreshd.ledger.Lease;
import io.refreshd.ledger.RefreshWrites;
import io.refreshd.model.Lsn;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * Brings incremental views up to date: one round for each task. The rows are committed in one transaction, and the ledger's row right
 * after it in another one.
 *
 * <p>The rows need REPEATABLE READ. Under that level a row of the ledger that capture has marked since the snapshot could not be written
 * at all, and a view whose tables change all the time would never get anywhere. Nor may the row be locked before the snapshot: capture
 * would wait for the round, and the round waits for capture to read the log.
 *
 * <p>Invariant: between the two transactions, and after a crash there, the ledger claims less than the view holds, never more. The view
 * is still dirty in the ledger, and the next round finds nothing to correct. The first transaction need not wait for the disk: if the
 * second is durable, the first is, for it stands before it in the log.
 *
 * <p>Invariant: views that read this one are marked with the second transaction if the first changed rows, and also if it is not known
 * that all earlier rounds got that far. That is known only of rounds of this object.
 *
 * <p>Thread: workers of the scheduler call {@link #refresh}, several at a time for different views.
 */
final class IncrementalRefresher {
    private final Jdbi jdbi;
    private final long lease;
    private final RefreshLimits limits;
    private final Supplier<Moment> clock;
    private final Function<Lsn, Optional<Instant>> commitTimes;
    private final RunningStatements running;
    private final RefreshAttempts attempts;
    /** By oid: views whose present rows the views that read them have been told of. */
    private final Set<Long> told = ConcurrentHashMap.newKeySet();

    private final Map<Long, ViewRounds> rounds = new ConcurrentHashMap<>();

    IncrementalRefresher(
            Jdbi jdbi,
            long lease,
            RefreshLimits limits,
            Supplier<Moment> clock,
            Function<Lsn, Optional<Instant>> commitTimes,
            RunningStatements running,
            RefreshAttempts attempts) {
        this.jdbi = jdbi;
        this.lease = lease;
        this.limits = limits;
        this.clock = clock;
        this.commitTimes = commitTimes;
        this.running = running;
        this.attempts = attempts;
    }

    RefreshOutcome refresh(RefreshTask task, LaterChanges later) throws InterruptedException {
        if (running.cancelled()) {
            throw new InterruptedException();
        }
        long start = clock.get().nanos();
        // Looked up now: by the end of a long round the commit time of an old position is no longer known.
        Optional<Instant> commitTime = task.routed().flatMap(commitTimes);
        try (Handle handle = jdbi.open()) {
            Round.Result result = running.track(handle, task.view(), () -> correct(handle, task, later));
            Duration duration = attempts.since(start);
            return switch (result) {
                case Round.Result.Not not -> not(task, not.outcome(), duration);
                case Round.Result.Corrected corrected -> recorded(handle, task, corrected, commitTime, duration);
            };
        }
    }

    /** The index without which each changed key of the view costs the reading of a whole table; empty if there is none. */
    Optional<Obstacle> missingIndex(long view) {
        ViewRounds known = rounds.get(view);
        return known == null ? Optional.empty() : known.missingIndex();
    }

    private RefreshOutcome not(RefreshTask task, RefreshOutcome outcome, Duration duration) {
        if (outcome instanceof RefreshOutcome.Failed failed) {
            attempts.record(task, failed.failure(), duration);
            return new RefreshOutcome.Failed(failed.failure(), duration);
        }
        return outcome;
    }

    private Round.Result correct(Handle handle, RefreshTask task, LaterChanges later)
            throws SQLException, InterruptedException {
        Optional<StoreLayout> layout = StoreLayout.read(handle, task.oid());
        if (layout.isEmpty()) {
            return new Round.Result.Not(new RefreshOutcome.Gone());
        }
        ViewRounds known = rounds.computeIfAbsent(task.oid(), oid -> new ViewRounds());
        handle.begin();
        try {
            Round.Result result = new Round(handle, jdbi, task, layout.get(), known, clock).run(limits, later);
            if (result instanceof Round.Result.Corrected corrected && corrected.rowsChanged() > 0) {
                told.remove(task.oid());
                Lease.prove(handle, lease);
                handle.execute("SET LOCAL synchronous_commit = off");
                handle.commit();
            }
            return result;
        } finally {
            if (handle.isInTransaction()) {
                handle.rollback();
            }
        }
    }

    private RefreshOutcome recorded(
            Handle handle,
            RefreshTask task,
            Round.Result.Corrected corrected,
            Optional<Instant> commitTime,
            Duration duration) {
        Optional<Long> rowsChanged = Optional.of(corrected.rowsChanged());
        boolean downstream = !task.downstream().isEmpty() && !(rowsChanged.get() == 0 && told.contains(task.oid()));
        boolean known = handle.inTransaction(transaction -> {
            transaction.execute("SET LOCAL synchronous_commit = local");
            return RefreshWrites.refreshed(
                    transaction,
                    lease,
                    task,
                    corrected.snapshot(),
                    commitTime,
                    duration,
                    rowsChanged,
                    downstream,
                    Optional.of(corrected.way().detail()));
        });
        if (!known) {
            return new RefreshOutcome.Gone();
        }
        told.add(task.oid());
        return new RefreshOutcome.Refreshed(
                corrected.snapshot(),
                duration,
                rowsChanged,
                downstream,
                clock.get().wall(),
                Optional.of(corrected.way().recomputed()));
    }
}
