package io.refreshd.refresh;

import io.refreshd.ledger.Lease;
import io.refreshd.ledger.LeaseLostException;
import io.refreshd.ledger.RefreshWrites;
import io.refreshd.model.Failure;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a refresh of any method, turns its errors into outcomes, and records them in the history.
 *
 * <p>Thread: thread-safe.
 */
final class RefreshAttempts {
    private static final String INSUFFICIENT_PRIVILEGE = "42501";
    private static final String QUERY_CANCELED = "57014";
    private static final Logger log = LoggerFactory.getLogger(RefreshAttempts.class);

    /**
     * lock_not_available, deadlock_detected and disk_full: outages in which the server answers, so that the failure can be recorded in
     * the history.
     */
    private static final Set<String> RECORDED_OUTAGES = Set.of("55P03", "40P01", "53100");

    private final Jdbi jdbi;
    private final long lease;
    private final LockPatience patience;
    private final Supplier<Moment> clock;

    RefreshAttempts(Jdbi jdbi, long lease, LockPatience patience, Supplier<Moment> clock) {
        this.jdbi = jdbi;
        this.lease = lease;
        this.patience = patience;
        this.clock = clock;
    }

    /** A refresh. May throw what {@link #run} makes an outcome of. */
    interface Work {
        RefreshOutcome run() throws InterruptedException;
    }

    RefreshOutcome run(RefreshTask task, Work work) {
        long start = clock.get().nanos();
        try {
            RefreshOutcome outcome = work.run();
            if (!(outcome instanceof RefreshOutcome.NotVisibleYet)
                    && !(outcome instanceof RefreshOutcome.Altered)
                    && !(outcome instanceof RefreshOutcome.Failed)) {
                succeeded(task.view());
            }
            return outcome;
        } catch (GaveWayException | LeaseLostException | InterruptedException | JdbiException e) {
            return failure(task, e, since(start));
        }
    }

    /** The view was refreshed, needed no refresh, or is no more. */
    void succeeded(ViewId view) {
        patience.reset(view);
    }

    /** @param problem what ended the refresh. @throws RuntimeException the problem, if it is none of those that a refresh may have */
    RefreshOutcome failure(RefreshTask task, Exception problem, Duration duration) {
        return switch (problem) {
            case GaveWayException e -> gaveWay(task, e, duration);
            case LeaseLostException e -> transientFailure(String.valueOf(e.getMessage()), duration);
            case InterruptedException e -> {
                Thread.currentThread().interrupt();
                yield transientFailure("the daemon is being stopped", duration);
            }
            // Also when no connection can be had.
            case JdbiException e when e.getCause() instanceof SQLException error -> failed(task, error, duration);
            case RuntimeException e -> throw e;
            default -> throw new IllegalStateException(problem);
        };
    }

    /** Whether the error may be that of one view alone: not if the server was lost. */
    static boolean isOfAView(Exception problem) {
        String state = sqlState(problem);
        return !state.isEmpty()
                && (SqlStates.isOfLocks(state)
                        || !new Failure(SqlStates.classify(state), state, "", Remedy.NONE).isOutage());
    }

    /** The SQLSTATE of an error of the server; empty if it is none. */
    static String sqlState(Exception problem) {
        return problem instanceof JdbiException && problem.getCause() instanceof SQLException error
                ? String.valueOf(error.getSQLState())
                : "";
    }

    private static RefreshOutcome transientFailure(String what, Duration duration) {
        return new RefreshOutcome.Failed(new Failure(Failure.Kind.TRANSIENT, "", what, Remedy.NONE), duration);
    }

    private RefreshOutcome gaveWay(RefreshTask task, GaveWayException why, Duration duration) {
        Duration before = patience.of(task.view());
        int inARow = patience.gaveWay(task.view(), why.conflict());
        Failure failure = why.failure(task.view(), inARow, before, patience.of(task.view()));
        record(task, failure, duration);
        return new RefreshOutcome.Failed(failure, duration);
    }

    private RefreshOutcome failed(RefreshTask task, SQLException error, Duration duration) {
        if (QUERY_CANCELED.equals(error.getSQLState())
                && task.timeLimit()
                        .filter(limit -> duration.compareTo(limit) >= 0)
                        .isPresent()) {
            log.atInfo()
                    .addKeyValue("view", task.view())
                    .addKeyValue("after", duration)
                    .log("The refresh takes longer than other views can wait; it is repeated in another place");
            return new RefreshOutcome.OutOfTime(duration);
        }
        List<String> grants = List.of();
        if (INSUFFICIENT_PRIVILEGE.equals(error.getSQLState())) {
            try {
                grants = MissingGrants.of(jdbi, task);
            } catch (JdbiException notRead) {
                error.addSuppressed(notRead);
            }
        }
        Failure failure = FailureMessages.of(task.view(), error, grants);
        recordUnlessLost(task, failure, duration);
        return new RefreshOutcome.Failed(failure, duration);
    }

    /** Records the failure, unless the server does not answer. */
    void recordUnlessLost(RefreshTask task, Failure failure, Duration duration) {
        if (!failure.isOutage() || RECORDED_OUTAGES.contains(failure.sqlState())) {
            record(task, failure, duration);
        }
    }

    /** Records the failure in the history, for people to read. The outcome does not depend on whether this succeeds. */
    void record(RefreshTask task, Failure failure, Duration duration) {
        try (Handle handle = jdbi.open()) {
            Lease.write(handle, lease, transaction -> RefreshWrites.failed(transaction, task, duration, failure));
        } catch (JdbiException | LeaseLostException e) {
            log.atDebug().addKeyValue("view", task.view()).setCause(e).log("Could not record a failure in the history");
        }
    }

    Duration since(long start) {
        return Duration.ofNanos(clock.get().nanosSince(start));
    }
}
