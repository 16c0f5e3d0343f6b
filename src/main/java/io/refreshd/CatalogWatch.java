package io.refreshd;

import io.refreshd.capture.Publication;
import io.refreshd.capture.PublicationState;
import io.refreshd.catalog.Catalog;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.MaterializedView;
import io.refreshd.catalog.Reader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.CaptureSettings;
import io.refreshd.config.Configuration;
import io.refreshd.config.ViewPattern;
import io.refreshd.doctor.RequiredTables;
import io.refreshd.ledger.Lease;
import io.refreshd.ledger.Ledgered;
import io.refreshd.ledger.Registration;
import io.refreshd.ledger.ViewRows;
import io.refreshd.model.Impact;
import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import io.refreshd.report.TableStatus;
import io.refreshd.routing.Router;
import io.refreshd.schedule.Action;
import io.refreshd.schedule.Event;
import io.refreshd.schedule.EventLoop;
import io.refreshd.schedule.ViewSpec;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps publication, ledger, router and scheduler in step with the catalog, which the log tells nothing about: views that come,
 * change and go, partitions, columns, indexes. Called by the supervisor before a stream starts and by housekeeping after that.
 */
final class CatalogWatch {
    /** What the fingerprint cannot tell, such as a privilege that was granted, is noticed by then. */
    private static final long WHOLE_LOOK_NANOS = 60_000_000_000L;

    private final Configuration configuration;
    private final long lease;
    private final EventLoop loop;
    private final Pipeline pipeline;
    private final Frontier frontier;
    private final Core.Surroundings around;
    private final Publisher publisher;
    private final Enroller enroller;

    private @Nullable Seen seen;
    private @Nullable Found found;
    private long lookedAt;
    private OptionalInt known = OptionalInt.empty();
    private Optional<Obstacle> blindfold = Optional.empty();
    /**
     * The oids that the router has got, once all else was told of them. Not those of the ledger: a transaction is awaited by the
     * views that it was routed to, and the ledger may hold of a name what nothing was routed to yet.
     */
    private Map<ViewId, Long> routed = Map.of();
    /** Whether scheduler and ledger have been told of the blindfold. */
    private boolean worn;
    /** By oid, as of the last look. */
    private Map<Long, Obstacle> notRefreshable = Map.of();

    private volatile List<TableStatus> tables = List.of();
    private volatile Map<ViewId, Set<ViewId>> upstream = Map.of();
    private volatile List<Obstacle> unheardRoles = List.of();

    private record Seen(String fingerprint, String publication, Map<Long, Obstacle> notRefreshable) {}

    /** What the last look found, for when the next one fails. */
    private record Found(ViewGraph graph, Set<TableId> captured, Map<TableId, Obstacle> refused, Basis basis) {}

    /** @param lease token of the right to write to the ledger */
    CatalogWatch(
            Configuration configuration,
            long lease,
            EventLoop loop,
            Pipeline pipeline,
            Frontier frontier,
            Core.Surroundings around) {
        this.configuration = configuration;
        this.lease = lease;
        this.loop = loop;
        this.pipeline = pipeline;
        this.frontier = frontier;
        this.around = around;
        this.enroller = new Enroller(lease);
        this.publisher = new Publisher(
                configuration.capture().publication(), configuration.database().user());
    }

    /** The base tables, as of the last look. */
    List<TableStatus> tables() {
        return tables;
    }

    /** Why the log does not tell of changes of the roles, as of the last look: one for each table where they come from. */
    List<Obstacle> unheardRoles() {
        return unheardRoles;
    }

    /** Which views stand on which, as of the last look. */
    Map<ViewId, Set<ViewId>> upstream() {
        return upstream;
    }

    /**
     * Says that the log is not read at present, so that every view goes by the clock and claims nothing; or, with nothing, that
     * it is read again, which puts every view in doubt once.
     */
    synchronized void blindfold(Optional<Obstacle> why) {
        if (blindfold.isPresent() != why.isPresent()) {
            seen = null;
        }
        blindfold = why;
    }

    /** Looks, and acts if something is not as it was. */
    synchronized void glance(Handle handle) throws SQLException, InterruptedException, PrerequisitesMissingException {
        try {
            Optional<Basis.Ground> claim = frontier.takeFound();
            if (claim.equals(Optional.of(Basis.Ground.MOVED))
                    || !see(handle, claim).equals(seen)
                    || enroller.isWaiting()
                    || around.clock().get().nanosSince(lookedAt) > WHOLE_LOOK_NANOS) {
                look(handle);
            }
        } catch (SQLException | PrerequisitesMissingException | JdbiException e) {
            putOnBlindfold(handle);
            throw e;
        }
    }

    /** A catalog that cannot be read must not keep the views from going by the clock: as it was read last, then. */
    private void putOnBlindfold(Handle handle) throws InterruptedException {
        if (blindfold.isPresent() && !worn && found != null) {
            Sight sight = new Sight(found.graph(), found.captured(), found.refused(), blindfold);
            Enroller.Standing nothingNew = new Enroller.Standing(found.captured(), Set.of(), Set.of(), Set.of());
            apply(handle, found.graph(), sight, nothingNew, found.basis());
            worn = true;
        }
    }

    /** Reads everything anew. What was not finished because the database went away is done again next time. */
    synchronized void look(Handle handle) throws SQLException, InterruptedException, PrerequisitesMissingException {
        seen = null;
        String fingerprint = CatalogReader.fingerprint(handle.getConnection());
        notRefreshable = RefreshRights.missing(handle);
        Catalog catalog = CatalogReader.read(handle.getConnection());
        ViewGraph graph = ViewGraph.of(catalog, configuration.views()::includes);
        RequiredTables wanted = RequiredTables.of(handle, configuration, graph);
        Map<TableId, Obstacle> refused = publisher.publish(handle, wanted.publishable());
        unheardRoles = unheard(wanted, refused);
        String version = Publication.version(
                handle.getConnection(), configuration.capture().publication());
        PublicationState publication = Publication.inspect(
                        handle.getConnection(), configuration.capture().publication())
                .orElseThrow(() -> new SQLException("the publication was dropped a moment ago"));
        Enroller.Standing standing = enroller.look(handle, wanted.publishable(), publication);

        Sight sight = new Sight(graph, standing.captured(), refused, blindfold);
        tables = sight.tables();
        upstream = sight.upstream();
        Basis basis = Basis.of(fingerprint, catalog, configuration.capture().publication());
        apply(handle, graph, sight, standing, basis);
        worn = blindfold.isPresent();
        found = new Found(graph, standing.captured(), refused, basis);
        enroller.remember(handle, standing, publication);
        standing.gaps().forEach(gap -> around.listener().accept(new Notice.GapFound(gap)));
        count(graph.views().size());
        seen = new Seen(fingerprint, version, notRefreshable);
        lookedAt = around.clock().get().nanos();
    }

    private static List<Obstacle> unheard(RequiredTables wanted, Map<TableId, Obstacle> refused) {
        return wanted.tables().values().stream()
                .filter(table -> wanted.ofRoles().contains(table.id()))
                .flatMap(
                        table -> table.notPublishable().or(() -> Optional.ofNullable(refused.get(table.id()))).stream())
                .toList();
    }

    private void count(int views) {
        if (known.isEmpty() || known.getAsInt() != views) {
            known = OptionalInt.of(views);
            around.listener()
                    .accept(new Notice.ViewsFound(
                            views,
                            configuration.views().include().stream()
                                    .map(ViewPattern::toString)
                                    .toList()));
        }
    }

    /** @param claim what the last claim found, which looks at more than this does */
    private Seen see(Handle handle, Optional<Basis.Ground> claim) throws SQLException {
        return new Seen(
                fingerprint(handle, claim),
                Publication.version(
                        handle.getConnection(), configuration.capture().publication()),
                RefreshRights.missing(handle));
    }

    /** Two looks in the time of one would see the same: where heartbeats come as often, theirs will do. */
    private String fingerprint(Handle handle, Optional<Basis.Ground> claim) throws SQLException {
        return claim.equals(Optional.of(Basis.Ground.FIRM)) && seen != null && beatsAsOften()
                ? seen.fingerprint()
                : CatalogReader.fingerprint(handle.getConnection());
    }

    private boolean beatsAsOften() {
        CaptureSettings settings = configuration.capture();
        return settings.heartbeatInterval().compareTo(settings.catalogPollInterval()) <= 0;
    }

    /**
     * The order matters to a crash at any point: rows for new views first, since a refresh writes to them; then the doubt about
     * altered ones; and only when that is durable the lineage that would hide it.
     */
    private void apply(Handle handle, ViewGraph graph, Sight sight, Enroller.Standing standing, Basis basis)
            throws InterruptedException {
        List<Registration> registrations = graph.views().values().stream()
                .map(view -> registration(graph, view, sight))
                .toList();
        Map<ViewId, Ledgered> before = ViewRows.load(handle);
        Set<ViewId> altered = altered(graph, registrations, before, standing);
        pipeline.rewire(new Router(graph), basis, unsettled -> {
            Lease.write(handle, lease, transaction -> ViewRows.register(transaction, registrations));
            makeDurable(new Event.ViewsKnown(specs(graph, sight), remembered(handle), altered));
            Set<ViewId> uncertain = uncertain(registrations, altered);
            if (!unsettled.isEmpty() && !uncertain.isEmpty()) {
                Instant now = around.clock().get().wall();
                makeDurable(new Event.Affected(uncertain.stream()
                        .map(view -> new Impact(view, unsettled, now))
                        .toList()));
            }
        });
        Lease.write(handle, lease, transaction -> ViewRows.adopt(transaction, registrations));
        routed = registrations.stream().collect(Collectors.toMap(Registration::view, Registration::oid));
    }

    /** Views for which what was routed before counts for nothing: another one under the same name is a new one. */
    private Set<ViewId> uncertain(List<Registration> registrations, Set<ViewId> altered) {
        return registrations.stream()
                .filter(registration -> altered.contains(registration.view())
                        || !Objects.equals(routed.get(registration.view()), registration.oid()))
                .map(Registration::view)
                .collect(Collectors.toSet());
    }

    private List<ViewSpec> specs(ViewGraph graph, Sight sight) {
        return graph.views().values().stream()
                .map(view -> spec(graph, view, sight))
                .toList();
    }

    private static Map<ViewId, LedgerEntry> remembered(Handle handle) {
        return ViewRows.load(handle).values().stream()
                .map(Ledgered::entry)
                .collect(Collectors.toMap(LedgerEntry::view, Function.identity()));
    }

    private void makeDurable(Event event) throws InterruptedException {
        Optional<Action.Mark> mark = loop.ask(event);
        if (mark.isPresent()) {
            Instant now = around.clock().get().wall();
            pipeline.makeDurable(
                    mark.get(), mark.get().views().stream().collect(Collectors.toMap(view -> view, view -> now)));
        }
    }

    private static Set<ViewId> altered(
            ViewGraph graph,
            List<Registration> registrations,
            Map<ViewId, Ledgered> before,
            Enroller.Standing standing) {
        Set<ViewId> altered = new HashSet<>();
        for (Registration registration : registrations) {
            Ledgered known = before.get(registration.view());
            if (known != null
                    && known.oid() == registration.oid()
                    && !known.lineage().equals(registration.lineage())) {
                altered.add(registration.view());
            }
        }
        for (TableId table : standing.joined()) {
            graph.readersOf(table).stream().map(Reader::view).forEach(altered::add);
        }
        for (TableId table : standing.lost()) {
            graph.readersOf(table).stream().map(Reader::view).forEach(altered::add);
        }
        return altered;
    }

    private Registration registration(ViewGraph graph, MaterializedView view, Sight sight) {
        return new Registration(
                view.id(),
                view.oid(),
                graph.lineageOf(view.id()),
                graph.upstreamOf(view.id()).stream()
                        .flatMap(upstream -> graph.view(upstream).stream())
                        .map(MaterializedView::oid)
                        .sorted()
                        .toList(),
                sight.untrackedSourceOf(view).isPresent(),
                obstacleTo(view));
    }

    private Optional<Obstacle> obstacleTo(MaterializedView view) {
        return Optional.ofNullable(notRefreshable.get(view.oid()))
                .or(() -> view.obstacleTo(configuration.views().methodOf(view.id())));
    }

    private ViewSpec spec(ViewGraph graph, MaterializedView view, Sight sight) {
        Optional<Obstacle> untracked = sight.untrackedSourceOf(view);
        var method = configuration.views().methodOf(view.id());
        return new ViewSpec(
                view.id(),
                view.oid(),
                untracked.isPresent()
                        ? configuration.views().timingOfUntracked(view.id())
                        : configuration.views().timingOf(view.id()),
                method,
                graph.upstreamOf(view.id()),
                obstacleTo(view),
                untracked);
    }
}
