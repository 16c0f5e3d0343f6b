package io.refreshd.refresh;

import io.refreshd.database.PlainSession;
import io.refreshd.ledger.Lease;
import io.refreshd.ledger.LeaseLostException;
import io.refreshd.ledger.RefreshWrites;
import io.refreshd.ledger.StorageVersion;
import io.refreshd.model.Failure;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Remedy;
import io.refreshd.model.Snapshot;
import io.refreshd.model.SqlNames;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Refreshes one view in one transaction: takes a snapshot, runs REFRESH, and records in the ledger what the view now holds.
 *
 * <p>Thread: workers of the scheduler call {@link #refresh}, several at a time for different views. It blocks for as long as the
 * REFRESH takes.
 *
 * <p>Failure: an error of the database is an outcome and not an exception.
 */
public final class PostgresRefresher {
    private static final String INSUFFICIENT_PRIVILEGE = "42501";
    private static final Logger log = LoggerFactory.getLogger(PostgresRefresher.class);

    /**
     * lock_not_available and deadlock_detected: transient, but the server answers, so the failure can be recorded in the
     * history.
     */
    private static final Set<String> LOCK_FAILURES = Set.of("55P03", "40P01");

    private final RunningStatements running;
    private final LockPatience patience;
    private final Prober prober;
    private final Jdbi jdbi;
    private final long lease;
    private final RefreshLimits limits;
    private final Supplier<Moment> clock;
    private final Function<Lsn, Optional<Instant>> commitTimes;

    /**
     * @param lease token of the lease
     * @param commitTimes returns the commit time that a position of the log stands for; empty if it is not known
     */
    public PostgresRefresher(
            Jdbi jdbi,
            long lease,
            RefreshLimits limits,
            Supplier<Moment> clock,
            Function<Lsn, Optional<Instant>> commitTimes) {
        this.patience = new LockPatience(limits.patience());
        this.running = new RunningStatements(limits.statement(), patience, jdbi, clock);
        this.prober = new Prober(jdbi, lease, limits, commitTimes);
        this.jdbi = jdbi;
        this.lease = lease;
        this.limits = limits;
        this.clock = clock;
        this.commitTimes = commitTimes;
    }

    public RefreshOutcome refresh(RefreshTask task, LaterChanges later) {
        long start = clock.get().nanos();
        try {
            Optional<RefreshOutcome> probed =
                    task.probes().isEmpty() ? Optional.empty() : prober.probe(task, later, running);
            RefreshOutcome outcome = probed.isPresent()
                    ? probed.get()
                    : refresh(task, clock.get().nanos());
            patience.reset(task.view());
            return outcome;
        } catch (GaveWayException e) {
            return gaveWay(task, e, since(start));
        } catch (RolledBack rolledBack) {
            return rolledBack.outcome;
        } catch (LeaseLostException e) {
            return new RefreshOutcome.Failed(
                    new Failure(Failure.Kind.TRANSIENT, "", String.valueOf(e.getMessage()), Remedy.NONE), since(start));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new RefreshOutcome.Failed(
                    new Failure(Failure.Kind.TRANSIENT, "", "the daemon is being stopped", Remedy.NONE), since(start));
        } catch (JdbiException e) { // also when no connection can be had
            if (e.getCause() instanceof SQLException error) {
                return failed(task, error, since(start));
            }
            throw e;
        }
    }

    private RefreshOutcome refresh(RefreshTask task, long start) throws InterruptedException {
        if (running.cancelled()) {
            throw new InterruptedException();
        }
        // The default level of the database may be another one. Under READ COMMITTED, REFRESH takes a snapshot of its
        // own, which is later than the one in the preparation.
        Finished finished = jdbi.inTransaction(
                TransactionIsolationLevel.READ_COMMITTED,
                transaction -> running.track(transaction, task.view(), () -> refresh(transaction, task, start)));
        return new RefreshOutcome.Refreshed(
                finished.snapshot(),
                finished.duration(),
                finished.rowsChanged(),
                finished.downstreamMarked(),
                clock.get().wall());
    }

    /** Cancels the refreshes that run, and makes later ones fail. */
    public void cancel() {
        running.cancel();
    }

    private Finished refresh(Handle transaction, RefreshTask task, long start) throws SQLException {
        Preparation prepared = Preparation.in(transaction, task.oid(), limits);
        prepared.obstacleTo(task).ifPresent(outcome -> {
            throw new RolledBack(outcome);
        });
        // Looked up now: by the end of a long refresh the commit time of an old position is no longer known.
        Optional<Instant> commitTime = task.routed().flatMap(commitTimes);
        boolean downstreamSawThis = downstreamSawPresentContent(transaction, task);
        Optional<Long> before = RowsChanged.soFar(transaction, task.oid());
        PlainSession.ofOwner(transaction.getConnection(), task.oid())
                .execute(transaction.getConnection(), statement(task));
        Optional<Long> rowsChanged = task.method() == Method.CONCURRENT
                ? before.flatMap(
                        then -> RowsChanged.soFar(transaction, task.oid()).map(now -> now - then))
                : Optional.empty();
        boolean downstream =
                !task.downstream().isEmpty() && !(downstreamSawThis && rowsChanged.equals(Optional.of(0L)));
        Duration duration = since(start);
        // REFRESH has locked the view that has the name now. If that is another view than the task means, roll back.
        if (!Preparation.nameMeans(transaction, task.view(), task.oid())
                || !RefreshWrites.refreshed(
                        transaction, lease, task, prepared.snapshot(), commitTime, duration, rowsChanged, downstream)) {
            throw new RolledBack(new RefreshOutcome.Gone());
        }
        return new Finished(prepared.snapshot(), duration, rowsChanged, downstream);
    }

    /**
     * Whether the views that read this one were refreshed, or marked, since its present content was committed. Not so if somebody
     * else refreshed it: then this refresh may change nothing, and those views lack what that refresh brought.
     */
    private static boolean downstreamSawPresentContent(Handle transaction, RefreshTask task) throws SQLException {
        if (task.downstream().isEmpty() || task.method() != Method.CONCURRENT) {
            return false;
        }
        RefreshLock.take(transaction, task.view());
        return StorageVersion.isOursAndLocked(transaction, task.oid());
    }

    private static String statement(RefreshTask task) {
        String name = SqlNames.qualified(task.view());
        return switch (task.method()) {
            case CONCURRENT -> "REFRESH MATERIALIZED VIEW CONCURRENTLY " + name;
            case PLAIN -> "REFRESH MATERIALIZED VIEW " + name;
        };
    }

    private RefreshOutcome gaveWay(RefreshTask task, GaveWayException why, Duration duration) {
        Duration before = patience.of(task.view());
        int inARow = patience.gaveWay(task.view());
        Failure failure = why.failure(task.view(), inARow, before, patience.of(task.view()));
        recordFailure(task, failure, duration);
        return new RefreshOutcome.Failed(failure, duration);
    }

    private RefreshOutcome failed(RefreshTask task, SQLException error, Duration duration) {
        List<String> grants = List.of();
        if (INSUFFICIENT_PRIVILEGE.equals(error.getSQLState())) {
            try {
                grants = MissingGrants.of(jdbi, task.oid());
            } catch (JdbiException notRead) {
                error.addSuppressed(notRead);
            }
        }
        Failure failure = FailureMessages.of(task.view(), error, grants);
        if (!failure.isOutage() || LOCK_FAILURES.contains(failure.sqlState())) {
            recordFailure(task, failure, duration);
        }
        return new RefreshOutcome.Failed(failure, duration);
    }

    /** Records the failure in the history, for people to read. The outcome does not depend on whether this succeeds. */
    private void recordFailure(RefreshTask task, Failure failure, Duration duration) {
        try (Handle handle = jdbi.open()) {
            Lease.write(handle, lease, transaction -> RefreshWrites.failed(transaction, task, duration, failure));
        } catch (JdbiException | LeaseLostException e) {
            log.atDebug().addKeyValue("view", task.view()).setCause(e).log("Could not record a failure in the history");
        }
    }

    private Duration since(long start) {
        return Duration.ofNanos(clock.get().nanosSince(start));
    }

    /** The result of a refresh that has run but not committed. */
    private record Finished(
            Snapshot snapshot, Duration duration, Optional<Long> rowsChanged, boolean downstreamMarked) {}

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
