package io.refreshd.reconcile;

import io.refreshd.catalog.IncrementalView;
import io.refreshd.catalog.MaterializedView;
import io.refreshd.catalog.Reader;
import io.refreshd.catalog.RefreshGroups;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.ViewsSettings;
import io.refreshd.ledger.Ledgered;
import io.refreshd.ledger.Registration;
import io.refreshd.model.FullRecompute;
import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import io.refreshd.schedule.ViewSpec;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What ledger and scheduler have to learn, so that they agree with a catalog snapshot. Pure.
 *
 * @param registrations rows of the ledger, one for each view
 * @param specs the views as the scheduler knows them
 * @param altered views whose definition or sources changed: what was decided about them before does not hold
 * @param uncertain views to which what was routed before does not apply: the altered ones, and another view under the same name
 */
record ReconcilePlan(
        List<Registration> registrations, List<ViewSpec> specs, Set<ViewId> altered, Set<ViewId> uncertain) {

    /**
     * Compares the ledger and the routing table with the catalog.
     *
     * @param ledger rows of the views as they are in the ledger
     * @param routed oids of the views that the present routing table routes to
     */
    static ReconcilePlan between(
            Map<ViewId, Ledgered> ledger, Map<ViewId, Long> routed, CatalogSnapshot catalog, ViewsSettings settings) {
        CaptureCoverage coverage = catalog.coverage();
        ViewGraph graph = catalog.graph();
        RefreshGroups groups = RefreshGroups.of(graph, settings.together());
        List<Registration> registrations = graph.views().values().stream()
                .map(view -> registration(catalog, coverage, view, obstacleTo(view, catalog, groups, settings)))
                .toList();
        List<ViewSpec> specs = graph.views().values().stream()
                .map(view -> spec(catalog, coverage, view, groups, settings))
                .toList();
        Set<ViewId> altered = altered(catalog, registrations, ledger);
        Set<ViewId> uncertain = registrations.stream()
                .filter(registration -> altered.contains(registration.view())
                        || !Objects.equals(routed.get(registration.view()), registration.oid()))
                .map(Registration::view)
                .collect(Collectors.toSet());
        return new ReconcilePlan(registrations, specs, altered, uncertain);
    }

    /** Oids by name, of the views that changes are routed to once the plan is applied. */
    Map<ViewId, Long> oids() {
        return registrations.stream().collect(Collectors.toMap(Registration::view, Registration::oid));
    }

    /**
     * Whether the ledger has these registrations already.
     *
     * @param ledger rows of the views as they are in the ledger
     * @param before the registrations that were written to the ledger last
     */
    boolean isAdopted(Map<ViewId, Ledgered> ledger, List<Registration> before) {
        return registrations.equals(before)
                && registrations.size() == ledger.size()
                && registrations.stream().allMatch(one -> {
                    Ledgered row = ledger.get(one.view());
                    return row != null
                            && row.oid() == one.oid()
                            && row.lineage().equals(one.lineage());
                });
    }

    private static Set<ViewId> altered(
            CatalogSnapshot catalog, List<Registration> registrations, Map<ViewId, Ledgered> ledger) {
        Set<ViewId> altered = new HashSet<>();
        for (Registration registration : registrations) {
            Ledgered known = ledger.get(registration.view());
            if (known != null
                    && known.oid() == registration.oid()
                    && !known.lineage().equals(registration.lineage())) {
                altered.add(registration.view());
            }
        }
        for (Set<TableId> tables :
                List.of(catalog.enrolment().joined(), catalog.enrolment().lost())) {
            for (TableId table : tables) {
                catalog.graph().readersOf(table).stream().map(Reader::view).forEach(altered::add);
            }
        }
        return altered;
    }

    private static Registration registration(
            CatalogSnapshot catalog, CaptureCoverage coverage, MaterializedView view, Optional<Obstacle> obstacle) {
        ViewGraph graph = catalog.graph();
        return new Registration(
                view.id(),
                view.oid(),
                catalog.lineageOf(view.id()),
                graph.upstreamOf(view.id()).stream()
                        .flatMap(upstream -> graph.view(upstream).stream())
                        .map(MaterializedView::oid)
                        .sorted()
                        .toList(),
                coverage.untrackedSourceOf(view),
                obstacle);
    }

    /** Why the view cannot be refreshed: for itself, or for the others of its group. */
    private static Optional<Obstacle> obstacleTo(
            MaterializedView view, CatalogSnapshot catalog, RefreshGroups groups, ViewsSettings settings) {
        Function<ViewId, Optional<Obstacle>> own = id ->
                catalog.graph().view(id).flatMap(one -> catalog.obstacleTo(one, one.method(settings.methodOf(id))));
        return own.apply(view.id()).or(() -> groups.obstacleTo(view.id(), own));
    }

    private static ViewSpec spec(
            CatalogSnapshot catalog,
            CaptureCoverage coverage,
            MaterializedView view,
            RefreshGroups groups,
            ViewsSettings settings) {
        Optional<Obstacle> untracked = coverage.untrackedSourceOf(view);
        Method method = view.method(settings.methodOf(view.id()));
        FullRecompute fullRecompute =
                method == Method.INCREMENTAL ? settings.fullRecomputeOf(view.id()) : FullRecompute.ALLOW;
        Timing timing = settings.timingOf(view.id(), method);
        if (untracked.isPresent()) {
            timing = settings.timingOfUntracked(view.id(), method);
        } else if (fullRecompute == FullRecompute.NEVER) {
            // By the clock all rows would be recomputed.
            timing = timing.forChangesAlone();
        }
        return new ViewSpec(
                view.id(),
                view.oid(),
                timing,
                method,
                catalog.graph().upstreamOf(view.id()),
                obstacleTo(view, catalog, groups, settings),
                untracked,
                view.incremental().map(IncrementalView::version).orElse(""),
                fullRecompute,
                coverage.clockOf(view),
                catalog.graph().stackOf(view.id()),
                groups.othersOf(view.id()),
                view.owner());
    }
}
