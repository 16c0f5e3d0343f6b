package io.refreshd.reconcile;

import io.refreshd.config.CaptureSettings;
import io.refreshd.config.Configuration;
import io.refreshd.config.ViewPattern;
import io.refreshd.database.JdbiFactory;
import io.refreshd.ingest.CatalogVersion;
import io.refreshd.ingest.ChangeIngest;
import io.refreshd.ingest.WatermarkWriter;
import io.refreshd.ledger.LeasedLedger;
import io.refreshd.ledger.Ledgered;
import io.refreshd.ledger.Registration;
import io.refreshd.ledger.ViewRows;
import io.refreshd.model.Impact;
import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xids;
import io.refreshd.report.Notice;
import io.refreshd.report.TableStatus;
import io.refreshd.routing.Router;
import io.refreshd.schedule.Event;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;

/**
 * Reconciles publication, ledger, routing table and scheduler with the catalog: views that come, change and go, partitions,
 * columns, indexes.
 *
 * <p>Thread: called by the supervisor before a stream starts, and by the catalog task after that, one at a time. Any thread may ask
 * for what the last snapshot found, and call {@link #degrade}.
 */
public final class CatalogReconciler {
    private final Configuration configuration;
    private final LeasedLedger ledger;
    private final ChangeIngest ingest;
    private final WatermarkWriter watermark;
    private final Consumer<Notice> listener;
    private final Supplier<Moment> clock;
    private final EnrolmentTracker enrolment;
    private final SnapshotReader reader;
    private final WholeReadings readings;
    private final DroppedIncrementalViews dropped;

    private volatile Optional<Obstacle> degraded = Optional.empty();
    /** The snapshot that the routing table was swapped to last. */
    private @Nullable CatalogSnapshot last;

    private volatile Findings findings = new Findings(List.of(), Map.of(), List.of());

    /** Whether the last snapshot was applied to its end: what a failure cut short is done again. */
    private boolean applied;

    /**
     * The state of the idle server in which the catalog was compared last, and was as the last snapshot has it. While the server is in
     * this state, so is the catalog.
     */
    private Optional<String> comparedWhile = Optional.empty();

    /** The registrations that the ledger was given last. To give it the same again would write, and no server would ever be idle. */
    private List<Registration> registered = List.of();

    private OptionalInt known = OptionalInt.empty();
    /**
     * Oids of the views that the routing table routes to. The ledger is no substitute: it may hold of a name an oid to which nothing
     * was routed yet, and a transaction is awaited only by views that it was routed to.
     */
    private Map<ViewId, Long> routed = Map.of();

    public CatalogReconciler(
            Configuration configuration,
            LeasedLedger ledger,
            ChangeIngest ingest,
            WatermarkWriter watermark,
            Consumer<Notice> listener,
            Supplier<Moment> clock) {
        this.configuration = configuration;
        this.ledger = ledger;
        this.ingest = ingest;
        this.watermark = watermark;
        this.listener = listener;
        this.clock = clock;
        this.enrolment = new EnrolmentTracker(ledger);
        this.dropped = new DroppedIncrementalViews(ledger);
        this.reader = new SnapshotReader(configuration, enrolment, clock);
        this.readings = new WholeReadings(clock);
    }

    /**
     * What the last snapshot says to others. Immutable.
     *
     * @param tables the base tables
     * @param upstream for each view that stands on others: on which
     * @param untrackedRoleTables why the log does not show changes of tables that roles come from
     */
    public record Findings(
            List<TableStatus> tables, Map<ViewId, Set<ViewId>> upstream, List<Obstacle> untrackedRoleTables) {}

    public Findings findings() {
        return findings;
    }

    /**
     * The log is not read at present. From the next reconciliation on every view is refreshed by the clock and nothing is claimed.
     * Never blocks.
     */
    public void degrade(Obstacle why) {
        degraded = Optional.of(why);
    }

    /** The log is read again. The next reconciliation tracks every source again, which makes every view dirty once. */
    public void recover() {
        degraded = Optional.empty();
    }

    /** Reconciles if the catalog is not as the last snapshot found it. @param jdbi the pools of the database */
    public synchronized void reconcileIfChanged(Jdbi jdbi)
            throws SQLException, InterruptedException, PrerequisitesMissingException {
        try (Handle handle = jdbi.open()) {
            reconcileIfChanged(jdbi, handle);
        }
    }

    /** @param handle for short statements, which come every second and need no session that has read the catalog */
    private void reconcileIfChanged(Jdbi jdbi, Handle handle)
            throws SQLException, InterruptedException, PrerequisitesMissingException {
        Optional<Obstacle> wanted = degraded;
        Optional<String> before = comparedWhile;
        comparedWhile = Optional.empty();
        Optional<String> compared = Optional.empty();
        try {
            Optional<CatalogVersion.State> check = watermark.takeLastCheck();
            ServerActivity activity = ServerActivity.read(handle);
            if (isDue(handle, check, wanted)) {
                reconcile(jdbi);
            } else if (activity.idle().isPresent() && activity.idle().equals(before)) {
                comparedWhile = before;
                return;
            } else if (reader.isStale(jdbi, handle, Objects.requireNonNull(last), activity, isFresh(check))) {
                reconcile(jdbi);
            } else if (!isFresh(check) && !reader.waits()) {
                compared = activity.idle();
            }
        } catch (SQLException | PrerequisitesMissingException | JdbiException e) {
            applyDegraded(handle, wanted);
            throw e;
        }
        if (!new ForeignRefreshes(ingest.marks()).mark(handle)) {
            comparedWhile = compared;
        }
    }

    /** Whether the catalog is to be read in any case. */
    private boolean isDue(Handle handle, Optional<CatalogVersion.State> check, Optional<Obstacle> wanted) {
        CatalogSnapshot snapshot = last;
        return snapshot == null
                || !applied
                || snapshot.degraded().isPresent() != wanted.isPresent()
                || check.equals(Optional.of(CatalogVersion.State.CHANGED))
                || enrolment.isWaiting()
                || readings.isDue(handle);
    }

    /** Where heartbeats come as often as this is called, their check of the catalog serves for both. */
    private boolean isFresh(Optional<CatalogVersion.State> check) {
        CaptureSettings settings = configuration.capture();
        return check.equals(Optional.of(CatalogVersion.State.UNCHANGED))
                && settings.heartbeatInterval().compareTo(settings.catalogPollInterval()) <= 0;
    }

    /** A catalog that cannot be read must not keep the views from being refreshed by the clock: the last snapshot serves. */
    private void applyDegraded(Handle handle, Optional<Obstacle> why) throws InterruptedException {
        CatalogSnapshot snapshot = last;
        if (why.isPresent() && snapshot != null && snapshot.degraded().isEmpty()) {
            CatalogSnapshot without = snapshot.degraded(why.get());
            apply(handle, without, Optional.empty());
            applied = false;
        }
    }

    private void reconcile(Jdbi jdbi) throws SQLException, InterruptedException, PrerequisitesMissingException {
        try (Handle whole = JdbiFactory.ofWholeCatalog(jdbi).open()) {
            reconcile(whole);
        }
    }

    /** Reads the whole catalog and applies it. What a failure cuts short is done again the next time. */
    public synchronized void reconcile(Handle handle)
            throws SQLException, InterruptedException, PrerequisitesMissingException {
        applied = false;
        Optional<String> writes = WholeReadings.writes(handle);
        Optional<WatermarkWriter.Unclaimed> former = last == null ? Optional.empty() : ingest.unclaimed(handle);
        CatalogSnapshot snapshot = reader.read(handle, degraded);
        apply(handle, snapshot, former);
        enrolment.record(handle, snapshot.enrolment(), snapshot.publication());
        snapshot.enrolment().gaps().forEach(gap -> listener.accept(new Notice.GapFound(gap)));
        count(snapshot.graph().views().size());
        dropped.drop(handle);
        applied = true;
        readings.done(writes);
    }

    /**
     * Plans what differs from the snapshot, and applies it.
     *
     * <p>Invariant: the order is safe in a crash at any point. Rows for new views come first, since a refresh writes to them; then the
     * marks of altered views; and only when these are durable the lineage, by which an altered view is recognised.
     */
    private void apply(Handle handle, CatalogSnapshot snapshot, Optional<WatermarkWriter.Unclaimed> former)
            throws InterruptedException {
        Map<ViewId, Ledgered> rows = ViewRows.load(handle);
        ReconcilePlan plan = ReconcilePlan.between(rows, routed, snapshot, configuration.views());
        boolean adopted = plan.isAdopted(rows, registered);
        // Before the scheduler knows the views: a scrape that shows a view shows its tables too.
        findings = new Findings(snapshot.coverage().tables(), snapshot.upstream(), snapshot.untrackedRoleTables());
        try (ChangeIngest.Pause pause = ingest.pause()) {
            pause.swap(new Router(snapshot.graph()), snapshot.version());
            if (!adopted) {
                ledger.write(handle, transaction -> {
                    ViewRows.register(transaction, plan.registrations());
                    pause.freezeInFlux(transaction);
                });
            }
            ingest.marks().writeMarksOf(new Event.ViewsKnown(plan.specs(), remembered(handle), plan.altered()));
            Xids unsettled = pause.unsettled();
            if (!unsettled.isEmpty() && !plan.uncertain().isEmpty()) {
                Instant now = clock.get().wall();
                ingest.marks()
                        .writeMarksOf(new Event.Affected(plan.uncertain().stream()
                                .map(view -> new Impact(view, unsettled, now))
                                .toList()));
            }
            former.ifPresent(unclaimed -> pause.claim(unclaimed, handle));
        }
        if (!adopted) {
            ledger.write(handle, transaction -> ViewRows.adopt(transaction, plan.registrations()));
        }
        registered = plan.registrations();
        routed = plan.oids();
        last = snapshot;
    }

    private static Map<ViewId, LedgerEntry> remembered(Handle handle) {
        return ViewRows.load(handle).values().stream()
                .map(Ledgered::entry)
                .collect(Collectors.toMap(LedgerEntry::view, Function.identity()));
    }

    private void count(int views) {
        if (known.isEmpty() || known.getAsInt() != views) {
            known = OptionalInt.of(views);
            listener.accept(new Notice.ViewsFound(
                    views,
                    configuration.views().include().stream()
                            .map(ViewPattern::toString)
                            .toList()));
        }
    }
}
