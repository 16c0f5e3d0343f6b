package io.refreshd.audit;

import io.refreshd.catalog.TrustedCode;
import io.refreshd.database.JdbiFactory;
import io.refreshd.database.PlainSession;
import io.refreshd.database.SessionSettings;
import io.refreshd.database.StatementWatch;
import io.refreshd.ledger.StreamPosition;
import io.refreshd.ledger.StreamRow;
import io.refreshd.ledger.ViewMark;
import io.refreshd.model.Lsn;
import io.refreshd.model.Undetermined;
import io.refreshd.model.ViewId;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * Compares a view with its definition, in a read-only transaction, and judges whether a difference is a fault.
 *
 * <p>Invariant: a definition that may run code which is not trusted is not run ({@link TrustedCode}); a function in it could leave the
 * owner's role. The session is reset afterwards nevertheless.
 *
 * <p>The definition runs as the view's owner if the role may become the owner. REFRESH does the same, so the same policies and
 * privileges apply. If the role may not, row-level security raises an error instead of filtering rows silently.
 *
 * <p>Thread: one at a time. Blocks for as long as the comparison takes.
 */
public final class Audit {
    /** A view that was refreshed during the comparison is audited again, at most this often; a busy view stays pending. */
    private static final int SAFE_SEARCH_PATH_SINCE = 17;

    private static final int ATTEMPTS = 3;

    private static final String SWAPPED = "it was refreshed while it was read";
    private static final Duration POLL = Duration.ofMillis(100);

    /** For the server to end a comparison, and for its error to arrive. */
    private static final Duration GRACE = Duration.ofSeconds(30);

    /**
     * SQLSTATE classes by which this view cannot be compared. Any other error, such as a lost connection, ends the whole audit.
     */
    private static final List<String> NOT_COMPARABLE =
            List.of("42", "57", "55", "22", "0A", "53", "54", "2F", "38", "39");

    /** Verdicts that an undetermined definition explains. */
    private static final Set<Verdict> FAULTS = Set.of(Verdict.UNEXPLAINED, Verdict.DRIFT);

    /** Tells what the definition of a view leaves open. */
    @FunctionalInterface
    public interface Definitions {
        Undetermined undetermined(Connection connection, ViewId view) throws SQLException;
    }

    /** Waits between two polls: {@code Thread.sleep}, except in tests. */
    @FunctionalInterface
    public interface Pause {
        void pause(Duration time) throws InterruptedException;
    }

    private final Jdbi jdbi;
    private final Definitions definitions;
    private final Pause pause;
    private final Duration patience;
    private final Duration timeout;
    private final StatementWatch watch;

    /**
     * @param patience how long to wait, if something differs, until the daemon has read the log up to the snapshot
     * @param timeout for one comparison; zero means no limit
     */
    public Audit(Jdbi jdbi, Definitions definitions, Pause pause, Duration patience, Duration timeout) {
        this(jdbi, definitions, pause, patience, timeout, StatementWatch.NONE);
    }

    /** @param watch ends a comparison that holds up others; the view's verdict is then {@code FAILED} */
    public Audit(
            Jdbi jdbi,
            Definitions definitions,
            Pause pause,
            Duration patience,
            Duration timeout,
            StatementWatch watch) {
        this.watch = watch;
        this.jdbi = jdbi;
        this.definitions = definitions;
        this.pause = pause;
        this.patience = patience;
        this.timeout = timeout;
    }

    /**
     * What was read in one snapshot.
     *
     * @param swapped whether a plain REFRESH replaced the view's rows meanwhile
     */
    private record Observation(
            Difference difference, String snapshot, Lsn position, Optional<ViewMark> mark, long oid, boolean swapped) {}

    /** @throws SQLException for what is wrong beyond this one view; what is wrong with the view is a verdict */
    public AuditReport audit(ViewId view) throws SQLException, InterruptedException {
        AuditReport report = auditOnce(view);
        for (int i = 1; i < ATTEMPTS && report.detail().equals(SWAPPED); i++) {
            report = auditOnce(view);
        }
        return report;
    }

    private static AuditReport notCompared(ViewId view, Verdict verdict, String why) {
        return new AuditReport(view, verdict, new Difference(0, 0, 0, List.of()), "", Lsn.ZERO, Optional.empty(), why);
    }

    private AuditReport auditOnce(ViewId view) throws SQLException, InterruptedException {
        try {
            Observation observed = observe(view, Set.of());
            AuditReport report = report(view, observed, verdict(observed));
            return FAULTS.contains(report.verdict()) ? unlessUndetermined(report) : report;
        } catch (UntrustedViewException e) {
            return notCompared(view, Verdict.UNTRUSTED, String.valueOf(e.getMessage()));
        } catch (SQLException e) {
            if (NOT_COMPARABLE.stream().noneMatch(String.valueOf(e.getSQLState())::startsWith)) {
                throw e;
            }
            return notCompared(view, Verdict.FAILED, String.valueOf(e.getMessage()));
        }
    }

    /** A difference in what the definition leaves open is no fault; what it determines is compared again, by itself. */
    private AuditReport unlessUndetermined(AuditReport found) throws SQLException, InterruptedException {
        Undetermined open;
        try (Handle handle = jdbi.open()) {
            open = definitions.undetermined(handle.getConnection(), found.view());
        }
        if (open.none()) {
            return found;
        }
        if (open.rows()) {
            return found.with(Verdict.UNDETERMINED, open.reason());
        }
        Observation observed = observe(found.view(), open.columns());
        return observed.difference().none()
                ? found.with(Verdict.UNDETERMINED, open.reason() + "; the other columns are equal")
                : report(found.view(), observed, verdict(observed));
    }

    private Verdict verdict(Observation observed) throws InterruptedException {
        Optional<ViewMark> after = Optional.empty();
        if (!observed.difference().none()
                && observed.mark().isPresent()
                && !observed.mark().get().dirty()) {
            after = markOnceRead(observed);
        }
        return observed.swapped() && !observed.difference().none()
                ? Verdict.PENDING
                : Judgement.of(observed.difference(), observed.mark(), after);
    }

    private static AuditReport report(ViewId view, Observation observed, Verdict verdict) {
        return new AuditReport(
                view,
                verdict,
                observed.difference(),
                observed.snapshot(),
                observed.position(),
                observed.mark().flatMap(ViewMark::watermark),
                detail(verdict, observed));
    }

    private static String detail(Verdict verdict, Observation observed) {
        return switch (verdict) {
            case EQUAL -> "";
            case PENDING -> observed.swapped() ? SWAPPED : "the ledger knows of a change that it lacks";
            case UNTRACKED -> "it reads a source whose changes the log does not show, and is refreshed at intervals";
            case UNEXPLAINED ->
                observed.mark().isEmpty()
                        ? "the ledger does not know it"
                        : "no daemon has read the log up to " + observed.position() + " yet";
            case DRIFT -> "the ledger says that it holds everything up to " + observed.position();
            case UNDETERMINED, UNTRUSTED, FAILED -> "";
        };
    }

    private Observation observe(ViewId view, Set<String> leftOut) throws SQLException {
        prove(view);
        try (Handle handle = jdbi.open()) {
            // The client listens for longer than the server may take; otherwise the server would keep the backend.
            long silence = timeout.isZero() ? 0 : timeout.plus(GRACE).toMillis();
            handle.getConnection().setNetworkTimeout(Runnable::run, (int) Math.min(silence, Integer.MAX_VALUE));
            handle.begin();
            try {
                return watch.run(handle, view.toString(), () -> observe(handle, view, leftOut));
            } finally {
                handle.rollback();
                SessionSettings.reset(handle.getConnection());
            }
        }
    }

    private void prove(ViewId view) throws SQLException {
        try (Handle other = JdbiFactory.ofCatalog(jdbi).open()) {
            UntrustedViewException.check(other, view);
        }
    }

    private Observation observe(Handle handle, ViewId view, Set<String> leftOut) throws SQLException {
        handle.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
        handle.execute("SET LOCAL jit = off");
        handle.createQuery("SELECT set_config('statement_timeout', :time, true)")
                .bind("time", timeout.toMillis() + "ms")
                .mapTo(String.class)
                .one();
        // The position is read after the snapshot: every transaction that the snapshot sees committed before the
        // position.
        String snapshot = one(handle, "SELECT pg_current_snapshot()::text");
        Lsn position = Lsn.parse(one(handle, "SELECT pg_current_wal_insert_lsn()::text"));
        AuditedView audited = AuditedView.find(handle, view);
        Optional<ViewMark> mark =
                ViewMark.ledgerExists(handle) ? ViewMark.read(handle, audited.oid()) : Optional.empty();
        PlainSession session = session(handle.getConnection(), audited.oid());
        String definition = audited.definition(handle, session);
        // On another connection: in the transaction's snapshot the proof would be as old as the snapshot.
        prove(view);
        audited.becomeOwner(handle);
        Difference difference =
                new ContentComparison(handle.getConnection(), session, audited, definition).compare(leftOut);
        // A plain REFRESH gives the view a new file, and its rows are visible to snapshots that are older than the
        // refresh.
        boolean swapped = audited.fileNow(handle) != audited.file();
        return new Observation(difference, snapshot, position, mark, audited.oid(), swapped);
    }

    /** As in a refresh. From 17 on a refresh has a safe search path, before that the owner's. */
    private static PlainSession session(Connection connection, long view) throws SQLException {
        PlainSession session = PlainSession.ofOwner(connection, view).with("standard_conforming_strings", "on");
        return connection.getMetaData().getDatabaseMajorVersion() >= SAFE_SEARCH_PATH_SINCE
                ? session.with("search_path", "pg_catalog, pg_temp")
                : session;
    }

    /**
     * Waits until the daemon has read the log up to the position, and returns the ledger row then; empty after the patience.
     */
    private Optional<ViewMark> markOnceRead(Observation observed) throws InterruptedException {
        for (long waited = 0; ; waited += POLL.toMillis()) {
            // The position is read before the row, so the row is at least as new as the position.
            boolean read = jdbi.withHandle(handle -> StreamRow.read(handle)
                    .map(StreamPosition::acknowledged)
                    .filter(position -> position.compareTo(observed.position()) >= 0)
                    .isPresent());
            if (read) {
                return jdbi.withHandle(handle -> ViewMark.read(handle, observed.oid()));
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
