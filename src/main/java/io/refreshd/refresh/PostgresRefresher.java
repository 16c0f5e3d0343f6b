package io.refreshd.refresh;

import io.refreshd.ledger.Lease;
import io.refreshd.ledger.LeaseLostException;
import io.refreshd.ledger.RefreshWrites;
import io.refreshd.model.Failure;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
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
 * Refreshes one view in one transaction: see what is visible, refresh, write down what the view now holds.
 *
 * <p>Called on a worker thread of the scheduler, several at a time for different views. Blocks for as long as the REFRESH
 * takes. Never throws for what the database says; that is an outcome.
 */
public final class PostgresRefresher {
    private static final String INSUFFICIENT_PRIVILEGE = "42501";
    private static final Logger log = LoggerFactory.getLogger(PostgresRefresher.class);

    /** lock_not_available, deadlock_detected: the server is there to note it. */
    private static final Set<String> LOCKED = Set.of("55P03", "40P01");

    private final RunningStatements running;
    private final Prober prober;
    private final Jdbi jdbi;
    private final long lease;
    private final RefreshLimits limits;
    private final Supplier<Moment> clock;
    private final Function<Lsn, Optional<Instant>> commitTimes;

    /**
     * @param lease token of the right to write to the ledger
     * @param commitTimes what a position of the log stands for; empty if that is not known
     */
    public PostgresRefresher(
            Jdbi jdbi,
            long lease,
            RefreshLimits limits,
            Supplier<Moment> clock,
            Function<Lsn, Optional<Instant>> commitTimes) {
        this.running = new RunningStatements(limits.statement());
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
            return probed.isPresent() ? probed.get() : refresh(task, clock.get().nanos());
        } catch (Undone undone) {
            return undone.outcome;
        } catch (LeaseLostException e) {
            return new RefreshOutcome.Failed(
                    new Failure(Failure.Kind.TRANSIENT, "", String.valueOf(e.getMessage()), ""), since(start));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new RefreshOutcome.Failed(
                    new Failure(Failure.Kind.TRANSIENT, "", "the daemon is being stopped", ""), since(start));
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
        // Not the database's default level, which may be another: REFRESH has to take a snapshot of its own, later than
        // the one that was looked at.
        Done done = jdbi.inTransaction(
                TransactionIsolationLevel.READ_COMMITTED,
                transaction -> running.track(transaction, () -> refresh(transaction, task, start)));
        return new RefreshOutcome.Refreshed(
                done.snapshot(),
                done.duration(),
                done.rowsChanged(),
                done.downstreamMarked(),
                clock.get().wall());
    }

    /** Makes every refresh that runs end soon, and every one that begins fail. */
    public void cancel() {
        running.cancel();
    }

    private Done refresh(Handle transaction, RefreshTask task, long start) {
        Preparation prepared = Preparation.in(transaction, task.oid(), limits);
        prepared.obstacleTo(task).ifPresent(outcome -> {
            throw new Undone(outcome);
        });
        // What lies far back by the end of a long refresh is not known any more.
        Optional<Instant> commitTime = task.routed().flatMap(commitTimes);
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
                        transaction, lease, task, prepared.snapshot(), commitTime, duration, rowsChanged, downstream)) {
            throw new Undone(new RefreshOutcome.Gone());
        }
        return new Done(prepared.snapshot(), duration, rowsChanged, downstream);
    }

    private static String statement(RefreshTask task) {
        String name = SqlNames.qualified(task.view());
        return switch (task.method()) {
            case CONCURRENT -> "REFRESH MATERIALIZED VIEW CONCURRENTLY " + name;
            case PLAIN -> "REFRESH MATERIALIZED VIEW " + name;
        };
    }

    private RefreshOutcome failed(RefreshTask task, SQLException error, Duration duration) {
        List<String> grants = List.of();
        if (INSUFFICIENT_PRIVILEGE.equals(error.getSQLState())) {
            try {
                grants = MissingGrants.of(jdbi, task.oid());
            } catch (JdbiException gone) {
                error.addSuppressed(gone);
            }
        }
        Failure failure = Failures.of(task.view(), error, grants);
        if (!failure.isOutage() || LOCKED.contains(failure.sqlState())) {
            note(task, failure, duration);
        }
        return new RefreshOutcome.Failed(failure, duration);
    }

    /** For people. What failed is told elsewhere too, so that it must not depend on this. */
    private void note(RefreshTask task, Failure failure, Duration duration) {
        try (Handle handle = jdbi.open()) {
            Lease.write(
                    handle, lease, transaction -> RefreshWrites.failed(transaction, task, duration, failure.what()));
        } catch (JdbiException | LeaseLostException e) {
            log.atDebug().addKeyValue("view", task.view()).setCause(e).log("A failure is missing in the history");
        }
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
