package io.refreshd.routing;

import io.refreshd.catalog.ChangeFilter;
import io.refreshd.catalog.Lookup;
import io.refreshd.catalog.Reader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.model.Change;
import io.refreshd.model.Impact;
import io.refreshd.model.Interest;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Decides which views a change affects.
 *
 * <p>Invariant: a view counts as affected unless the change is known to have touched none of the columns that the view reads, or none
 * of the rows that it takes.
 *
 * <p>Thread: any; a call never blocks.
 */
public final class Router {
    private final Map<TableId, TableRoutes> tables = new HashMap<>();

    private final Map<ViewId, ViewId> stores;

    public Router(ViewGraph graph) {
        stores = graph.stores();
        Map<ReadAlike, TableRoutes> routes = new HashMap<>();
        graph.tables().forEach((id, table) -> {
            ReadAlike alike = new ReadAlike(graph.readersOf(id), graph.changeFilters(id), Set.copyOf(table.columns()));
            tables.put(id, routes.computeIfAbsent(alike, ReadAlike::routes));
        });
    }

    /** What the routes of a table are made of. The partitions of a table share theirs. */
    private record ReadAlike(List<Reader> readers, Map<ViewId, ChangeFilter> filters, Set<String> columns) {
        TableRoutes routes() {
            return new TableRoutes(readers, view -> filters.getOrDefault(view, ChangeFilter.NONE), columns);
        }
    }

    /** The changes of a group are of one table, and tables may share a route. */
    private record RouteOfTable(TableId table, Route route) {}

    /** What capture should remember of the table's changed rows, so that their changes can be routed more exactly. */
    public Interest interestIn(TableId table) {
        TableRoutes routes = tables.get(table);
        return routes == null ? Interest.NONE : routes.interest();
    }

    /** The tables in which rows of incremental views are looked up, by view. */
    public Map<ViewId, ViewId> stores() {
        return stores;
    }

    /** Routes the changes of one batch. A table that the graph does not know affects no view. */
    public Routing route(List<Change> changes) {
        // Changes are grouped by route first, then by view. A batch has few routes. A route may have very many views,
        // where there is one for each role.
        Map<RouteOfTable, ChangeGroup> affectedRoutes = new LinkedHashMap<>();
        Map<RouteOfTable, ChangeGroup> candidateRoutes = new LinkedHashMap<>();
        Set<DiscriminatorRoutes> used = new LinkedHashSet<>();
        for (Change change : changes) {
            TableRoutes table = tables.get(change.table());
            if (table != null) {
                DiscriminatorRoutes routes = table.routesOf(change);
                used.add(routes);
                DiscriminatorRoutes.Destinations to = routes.destinations(change.touched(), change.rows());
                to.affected().forEach(route -> add(change, route, affectedRoutes));
                to.candidates().forEach(route -> add(change, route, candidateRoutes));
            }
        }
        Map<ViewId, List<Share>> affected = byView(affectedRoutes);
        Map<ViewId, List<Share>> candidates = byView(candidateRoutes);
        moveToAffected(candidates, affected);
        Set<ViewId> reached = new HashSet<>(affected.keySet());
        reached.addAll(candidates.keySet());
        return new Routing(impacts(affected), impacts(candidates), avoided(used, reached));
    }

    /**
     * The changes of one group, for one view.
     *
     * @param lookups the rows to look up in the view; empty if they cannot be looked up
     */
    private record Share(ChangeGroup group, List<KeyLookup> lookups) {}

    private static void add(Change change, Route route, Map<RouteOfTable, ChangeGroup> groups) {
        if (!route.views().isEmpty()) {
            groups.computeIfAbsent(new RouteOfTable(change.table(), route), r -> new ChangeGroup())
                    .add(change);
        }
    }

    private static Map<ViewId, List<Share>> byView(Map<RouteOfTable, ChangeGroup> groups) {
        Map<ViewId, List<Share>> shares = new LinkedHashMap<>();
        groups.forEach((of, group) -> of.route().views().forEach((Lookup lookup, List<ViewId> views) -> {
            Share share = new Share(group, group.lookups(lookup));
            views.forEach(view ->
                    shares.computeIfAbsent(view, id -> new ArrayList<>(1)).add(share));
        }));
        return shares;
    }

    /**
     * Moves the candidates that need no lookup, or allow none. A candidate that other changes affect anyway is not asked whether it
     * shows the rows: its answer would be about its state before the refresh. A candidate in which the rows cannot be looked up counts
     * as affected.
     */
    private static void moveToAffected(Map<ViewId, List<Share>> candidates, Map<ViewId, List<Share>> affected) {
        candidates.entrySet().removeIf(candidate -> {
            List<Share> known = affected.get(candidate.getKey());
            if (known != null) {
                known.addAll(candidate.getValue());
            } else if (lookups(candidate.getValue()).isEmpty()) {
                affected.put(candidate.getKey(), candidate.getValue());
            } else {
                return false;
            }
            return true;
        });
    }

    private static List<Impact> impacts(Map<ViewId, List<Share>> shares) {
        Map<List<ChangeGroup>, ChangeGroup> merged = new HashMap<>();
        List<Impact> impacts = new ArrayList<>(shares.size());
        shares.forEach((view, ofView) -> {
            ChangeGroup group = ofView.size() == 1
                    ? ofView.getFirst().group()
                    : merged.computeIfAbsent(ofView.stream().map(Share::group).toList(), ChangeGroup::merge);
            impacts.add(group.impactOn(view, lookups(ofView)));
        });
        return impacts;
    }

    /** All lookups or none: if some of the changes cannot be looked up, looking up the others proves nothing. */
    private static List<KeyLookup> lookups(List<Share> shares) {
        if (shares.size() == 1) {
            return shares.getFirst().lookups();
        }
        List<KeyLookup> lookups = new ArrayList<>();
        for (Share share : shares) {
            if (share.lookups().isEmpty()) {
                return List.of();
            }
            lookups.addAll(share.lookups());
        }
        return lookups;
    }

    /**
     * The views that read a changed table and yet are not affected. Different changes may have passed a view for different reasons:
     * then the discriminator is reported, which took more to find out than the columns.
     */
    private static List<Notice.RefreshAvoided> avoided(Set<DiscriminatorRoutes> used, Set<ViewId> reached) {
        Set<ViewId> byDiscriminator = new LinkedHashSet<>();
        Set<ViewId> byColumn = new LinkedHashSet<>();
        for (DiscriminatorRoutes routes : used) {
            byDiscriminator.addAll(routes.discriminated());
            byColumn.addAll(routes.skipped());
        }
        reached.forEach(byDiscriminator::remove);
        reached.forEach(byColumn::remove);
        byColumn.removeAll(byDiscriminator);
        List<Notice.RefreshAvoided> avoided = new ArrayList<>();
        if (!byColumn.isEmpty()) {
            avoided.add(new Notice.RefreshAvoided(List.copyOf(byColumn), Notice.Avoided.COLUMN));
        }
        if (!byDiscriminator.isEmpty()) {
            avoided.add(new Notice.RefreshAvoided(List.copyOf(byDiscriminator), Notice.Avoided.DISCRIMINATOR));
        }
        return avoided;
    }
}
