package io.refreshd.audit;

import io.refreshd.ledger.StreamPosition;
import io.refreshd.ledger.StreamRow;
import io.refreshd.ledger.ViewMark;
import io.refreshd.model.Lsn;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * Audits views, one at a time, each in a read-only transaction of its own. Called from any one thread; blocks; writes nothing.
 *
 * <p>The definition is run as the view's owner where the role may become that, as REFRESH does: with the same policies and no
 * more rights. Where it may not, policies are an error rather than a filter that nobody notices.
 */
public final class Audit {
    /** A view that is refreshed while it is read may be audited anew; more often than this it is too busy to tell. */
    private static final int TRIES = 3;

    private static final Duration POLL = Duration.ofMillis(100);

    private static final List<String> UNCOMPARABLE =
            List.of("42", "57", "55", "22", "0A", "53", "54", "2F", "38", "39");

    /** Waits; the thread's own sleep, but for tests. */
    @FunctionalInterface
    public interface Pause {
        void pause(Duration time) throws InterruptedException;
    }

    private final Jdbi jdbi;
    private final Pause pause;
    private final Duration patience;
    private final Duration timeout;

    /**
     * @param patience how long to wait for the daemon to read the log up to what was compared, when something differs
     * @param timeout for one comparison; zero: none
     */
    public Audit(Jdbi jdbi, Pause pause, Duration patience, Duration timeout) {
        this.jdbi = jdbi;
        this.pause = pause;
        this.patience = patience;
        this.timeout = timeout;
    }

    /** What was read in one snapshot. */
    private record Sighting(
            Difference difference, String snapshot, Lsn position, Optional<ViewMark> mark, long oid, boolean swapped) {}

    public AuditReport audit(ViewId view) throws SQLException, InterruptedException {
        AuditReport report = once(view);
        for (int i = 1; i < TRIES && report.detail().equals(SWAPPED); i++) {
            report = once(view);
        }
        return report;
    }

    private static final String SWAPPED = "it was refreshed while it was read";

    private AuditReport once(ViewId view) throws SQLException, InterruptedException {
        Sighting seen;
        try {
            seen = look(view);
        } catch (SQLException e) {
            if (UNCOMPARABLE.stream().noneMatch(String.valueOf(e.getSQLState())::startsWith)) {
                throw e;
            }
            return new AuditReport(
                    view,
                    Verdict.FAILED,
                    new Difference(0, 0, 0, List.of()),
                    "",
                    Lsn.ZERO,
                    Optional.empty(),
                    String.valueOf(e.getMessage()));
        }
        Optional<ViewMark> after = Optional.empty();
        if (!seen.difference().none()
                && seen.mark().isPresent()
                && !seen.mark().get().dirty()) {
            after = markOnceRead(seen);
        }
        Verdict verdict = seen.swapped() && !seen.difference().none()
                ? Verdict.PENDING
                : Judgement.of(seen.difference(), seen.mark(), after);
        return new AuditReport(
                view,
                verdict,
                seen.difference(),
                seen.snapshot(),
                seen.position(),
                seen.mark().flatMap(ViewMark::watermark),
                detail(verdict, seen));
    }

    private static String detail(Verdict verdict, Sighting seen) {
        return switch (verdict) {
            case EQUAL -> "";
            case PENDING -> seen.swapped() ? SWAPPED : "the ledger knows of a change that it lacks";
            case UNTRACKED -> "it reads what the log does not show, and is refreshed by the clock";
            case UNEXPLAINED ->
                seen.mark().isEmpty()
                        ? "the ledger does not know it"
                        : "no daemon has read the log up to " + seen.position() + " yet";
            case DRIFT -> "the ledger says that it holds everything up to " + seen.position();
            case FAILED -> "";
        };
    }

    private Sighting look(ViewId view) throws SQLException {
        try (Handle handle = jdbi.open()) {
            handle.begin();
            try {
                return look(handle, view);
            } finally {
                handle.rollback();
            }
        }
    }

    private Sighting look(Handle handle, ViewId view) throws SQLException {
        handle.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
        handle.execute("SET LOCAL search_path = pg_catalog, pg_temp");
        handle.execute("SET LOCAL jit = off");
        handle.createQuery("SELECT set_config('statement_timeout', :time, true)")
                .bind("time", timeout.toMillis() + "ms")
                .mapTo(String.class)
                .one();
        // The position is read after the snapshot is taken, so that nothing in the snapshot committed behind it.
        String snapshot = one(handle, "SELECT pg_current_snapshot()::text");
        Lsn position = Lsn.parse(one(handle, "SELECT pg_current_wal_insert_lsn()::text"));
        Target target = Target.find(handle, view);
        Optional<ViewMark> mark =
                ViewMark.ledgerExists(handle) ? ViewMark.read(handle, target.oid()) : Optional.empty();
        target.becomeOwner(handle);
        Difference difference = new Content(handle, target.name(), target.definition(), target.key()).compare();
        // A plain REFRESH puts another file under the view, whose rows are seen by snapshots older than they are.
        boolean swapped = target.fileNow(handle) != target.file();
        return new Sighting(difference, snapshot, position, mark, target.oid(), swapped);
    }

    private Optional<ViewMark> markOnceRead(Sighting seen) throws InterruptedException {
        for (long waited = 0; ; waited += POLL.toMillis()) {
            // In this order: the row is at least as new as the position.
            boolean read = jdbi.withHandle(handle -> StreamRow.read(handle)
                    .map(StreamPosition::acknowledged)
                    .filter(position -> position.compareTo(seen.position()) >= 0)
                    .isPresent());
            if (read) {
                return jdbi.withHandle(handle -> ViewMark.read(handle, seen.oid()));
            }
            if (waited >= patience.toMillis()) {
                return Optional.empty();
            }
            pause.pause(POLL);
        }
    }

    private static String one(Handle handle, String sql) {
        return handle.createQuery(sql).mapTo(String.class).one();
    }
}
