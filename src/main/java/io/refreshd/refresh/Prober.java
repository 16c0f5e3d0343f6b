package io.refreshd.refresh;

import io.refreshd.ledger.Lease;
import io.refreshd.ledger.RefreshWrites;
import io.refreshd.model.KeyProbe;
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
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out whether a view lacks anything, by looking up the rows that changed: milliseconds, against a refresh.
 *
 * <p>All look-ups see one snapshot. The rows known when the task was made are not enough to conclude from: another transaction
 * may be in the snapshot that was not read from the log yet, and it may hide a change (by taking it back) together with which it
 * made another one. So if nothing differs, the log is read up to where it stood when the snapshot was taken, and what turns up is
 * looked up in the same snapshot. Then the view is what its definition says in that snapshot, just as after a refresh.
 */
final class Prober {
    private static final Logger log = LoggerFactory.getLogger(Prober.class);

    private final Jdbi jdbi;
    private final long lease;
    private final RefreshLimits limits;
    private final Function<Lsn, Optional<Instant>> commitTimes;

    Prober(Jdbi jdbi, long lease, RefreshLimits limits, Function<Lsn, Optional<Instant>> commitTimes) {
        this.commitTimes = commitTimes;
        this.jdbi = jdbi;
        this.lease = lease;
        this.limits = limits;
    }

    /** @return how it ended; empty if the view differs, or may do so: then it is to be refreshed */
    Optional<RefreshOutcome> probe(RefreshTask task, LaterChanges later, RunningStatements running)
            throws InterruptedException {
        try (Handle handle = jdbi.open()) {
            Seen seen = handle.inTransaction(
                    TransactionIsolationLevel.REPEATABLE_READ,
                    transaction -> running.track(transaction, () -> look(transaction, task, later)));
            if (seen.outcome().isPresent() || !seen.agrees()) {
                return seen.outcome();
            }
            boolean[] known = new boolean[1];
            Lease.write(
                    handle,
                    lease,
                    transaction -> known[0] = RefreshWrites.unchanged(
                            transaction, task, seen.snapshot(), task.routed().flatMap(commitTimes)));
            return Optional.of(known[0] ? new RefreshOutcome.Unchanged(seen.snapshot()) : new RefreshOutcome.Gone());
        } catch (JdbiException notProbed) {
            // For want of a privilege, say, or of a connection. The refresh itself says whatever there is to be said.
            log.atDebug().addKeyValue("view", task.view()).setCause(notProbed).log("Could not be probed");
            return Optional.empty();
        }
    }

    private record Seen(Snapshot snapshot, boolean agrees, Optional<RefreshOutcome> outcome) {}

    private Seen look(Handle transaction, RefreshTask task, LaterChanges later)
            throws SQLException, InterruptedException {
        Preparation prepared = Preparation.in(transaction, task.oid(), limits);
        Optional<RefreshOutcome> obstacle = prepared.obstacleTo(task);
        if (obstacle.isPresent()) {
            return new Seen(prepared.snapshot(), false, obstacle);
        }
        Comparison comparison = Comparison.of(transaction.getConnection(), task.view(), task.oid());
        boolean agrees = comparison.agrees(task.probes());
        if (agrees) {
            // Read after the snapshot was taken: whatever the snapshot sees committed before this.
            Lsn position = Lsn.parse(transaction
                    .createQuery("SELECT pg_current_wal_insert_lsn()::text")
                    .mapTo(String.class)
                    .one());
            Optional<List<KeyProbe>> more = later.upTo(position);
            agrees = more.isPresent() && comparison.agrees(more.get());
        }
        return new Seen(prepared.snapshot(), agrees, Optional.empty());
    }
}
