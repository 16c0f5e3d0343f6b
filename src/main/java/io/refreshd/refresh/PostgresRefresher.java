package io.refreshd.refresh;

import io.refreshd.ledger.LeaseLostException;
import io.refreshd.ledger.RefreshWrites;
import io.refreshd.model.Failure;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Snapshot;
import io.refreshd.model.SqlNames;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;

/**
 * Refreshes one view in one transaction: see what is visible, refresh, write down what the view now holds.
 *
 * <p>Called on a worker thread of the scheduler, several at a time for different views. Blocks for as long as the REFRESH
 * takes. Never throws for what the database says; that is an outcome.
 */
public final class PostgresRefresher {
    private static final String INSUFFICIENT_PRIVILEGE = "42501";

    private final RunningStatements running;
    private final Prober prober;
    private final Jdbi jdbi;
    private final long lease;
    private final RefreshLimits limits;
    private final Supplier<Moment> clock;

    /** @param lease token of the right to write to the ledger */
    public PostgresRefresher(Jdbi jdbi, long lease, RefreshLimits limits, Supplier<Moment> clock) {
        this.running = new RunningStatements(limits.statement());
        this.prober = new Prober(jdbi, lease, limits);
        this.jdbi = jdbi;
        this.lease = lease;
        this.limits = limits;
        this.clock = clock;
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
                        transaction, lease, task, prepared.snapshot(), duration, rowsChanged, downstream)) {
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
        return new RefreshOutcome.Failed(Failures.of(task.view(), error, grants), duration);
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
