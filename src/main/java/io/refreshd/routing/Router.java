package io.refreshd.routing;

import io.refreshd.catalog.ProbeKey;
import io.refreshd.catalog.Probing;
import io.refreshd.catalog.Reader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.model.Change;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.Impact;
import io.refreshd.model.Interest;
import io.refreshd.model.KeyProbe;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xids;
import io.refreshd.report.Notice;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which views a change affects. Doubt means "affected": a change is let pass only if it is known to have touched none of the
 * columns that a view reads, or none of the rows that it takes. Any thread may call it; it never blocks.
 */
public final class Router {
    private final Map<TableId, TableRoutes> tables = new HashMap<>();

    public Router(ViewGraph graph) {
        graph.tables().forEach((id, table) -> {
            List<Reader> readers = graph.readersOf(id);
            tables.put(id, new TableRoutes(readers, view -> graph.narrowing(id, view), Set.copyOf(table.columns())));
        });
    }

    /** What of the rows of a table makes its changes easier to route. */
    public Interest interestIn(TableId table) {
        TableRoutes routes = tables.get(table);
        return routes == null ? Interest.NONE : routes.interestInRows();
    }

    /** A table that the graph does not know affects nothing by itself: it feeds no view. */
    public Routing route(List<Change> changes) {
        // First by route, then by view: a batch has few routes, and with one view for each role a route may have very
        // many views.
        Map<ByValue.Route, News> told = new LinkedHashMap<>();
        Map<ByValue.Route, News> asked = new LinkedHashMap<>();
        Set<ByValue> passed = new LinkedHashSet<>();
        for (Change change : changes) {
            TableRoutes table = tables.get(change.table());
            if (table != null) {
                ByValue readers = table.of(change);
                passed.add(readers);
                ByValue.Destinations to = readers.destinations(change.touched(), change.rows());
                to.told().forEach(route -> add(change, route, told));
                to.asked().forEach(route -> add(change, route, asked));
            }
        }
        Map<ViewId, List<Told>> affected = new LinkedHashMap<>();
        told.forEach((route, news) -> tell(route, news, affected));
        Map<ViewId, List<Told>> candidates = new LinkedHashMap<>();
        asked.forEach((route, news) -> tell(route, news, candidates));
        candidates.entrySet().removeIf(candidate -> {
            // One that is affected anyway is not asked: what it shows is not what it will show by then. Nor is one that
            // cannot be asked for so many rows.
            List<Told> known = affected.get(candidate.getKey());
            if (known != null) {
                known.addAll(candidate.getValue());
            } else if (probes(candidate.getValue()).isEmpty()) {
                affected.put(candidate.getKey(), candidate.getValue());
            } else {
                return false;
            }
            return true;
        });
        Set<ViewId> reached = new HashSet<>(affected.keySet());
        reached.addAll(candidates.keySet());
        return new Routing(impacts(affected), impacts(candidates), avoided(passed, reached));
    }

    private static void add(Change change, ByValue.Route route, Map<ByValue.Route, News> routes) {
        if (!route.views().isEmpty()) {
            routes.computeIfAbsent(route, r -> new News()).add(change);
        }
    }

    private static void tell(ByValue.Route route, News news, Map<ViewId, List<Told>> views) {
        route.views().forEach((probing, some) -> {
            Told told = news.at(probing);
            some.forEach(view ->
                    views.computeIfAbsent(view, id -> new ArrayList<>(1)).add(told));
        });
    }

    private static List<Impact> impacts(Map<ViewId, List<Told>> affected) {
        Map<List<News>, News> merged = new HashMap<>();
        List<Impact> impacts = new ArrayList<>(affected.size());
        affected.forEach((view, told) -> {
            News all = told.size() == 1
                    ? told.getFirst().news()
                    : merged.computeIfAbsent(told.stream().map(Told::news).toList(), News::merge);
            impacts.add(new Impact(view, all.xids(), all.oldestCommit, probes(told)));
        });
        return impacts;
    }

    /** All or nothing: a part that cannot be looked up leaves the rest without worth. */
    private static List<KeyProbe> probes(List<Told> told) {
        if (told.size() == 1) {
            return told.getFirst().probes();
        }
        List<KeyProbe> probes = new ArrayList<>();
        for (Told part : told) {
            if (part.probes().isEmpty()) {
                return List.of();
            }
            probes.addAll(part.probes());
        }
        return probes;
    }

    /** News as one view takes it. @param probes empty: it cannot be looked up */
    private record Told(News news, List<KeyProbe> probes) {}

    /** A view may be spared by different changes for different reasons: the costlier one to find out is told. */
    private static List<Notice.RefreshAvoided> avoided(Set<ByValue> passed, Set<ViewId> reached) {
        Set<ViewId> byValue = new LinkedHashSet<>();
        Set<ViewId> byColumn = new LinkedHashSet<>();
        for (ByValue readers : passed) {
            byValue.addAll(readers.discriminated());
            byColumn.addAll(readers.skipped());
        }
        reached.forEach(byValue::remove);
        reached.forEach(byColumn::remove);
        byColumn.removeAll(byValue);
        List<Notice.RefreshAvoided> avoided = new ArrayList<>();
        if (!byColumn.isEmpty()) {
            avoided.add(new Notice.RefreshAvoided(List.copyOf(byColumn), Notice.Avoided.COLUMN));
        }
        if (!byValue.isEmpty()) {
            avoided.add(new Notice.RefreshAvoided(List.copyOf(byValue), Notice.Avoided.DISCRIMINATOR));
        }
        return avoided;
    }

    /** What the changes on one route have in common. Compared by identity, so that views with the same news share it. */
    private static final class News {
        private final List<Change> changes = new ArrayList<>(1);
        private Xids xids = Xids.NONE;
        private Instant oldestCommit = Instant.MAX;

        /** All changes on one route are of one table. */
        TableId table() {
            return changes.getFirst().table();
        }

        Told at(Probing probing) {
            return new Told(this, probing.key().map(this::probes).orElse(List.of()));
        }

        private List<KeyProbe> probes(ProbeKey key) {
            if (changes.size() == 1) {
                return changes.getFirst().touched().keys(key.columns()).stream()
                        .map(keys -> new KeyProbe(table(), key.positions(), key.types(), keys))
                        .toList();
            }
            Set<List<String>> keys = new HashSet<>();
            for (Change change : changes) {
                Optional<Set<List<String>>> touched = change.touched().keys(key.columns());
                if (touched.isEmpty()) {
                    return List.of();
                }
                keys.addAll(touched.get());
                if (keys.size() > ChangedRows.LIMIT) {
                    return List.of();
                }
            }
            return List.of(new KeyProbe(table(), key.positions(), key.types(), keys));
        }

        void add(Change change) {
            changes.add(change);
            if (change.committedAt().isBefore(oldestCommit)) {
                oldestCommit = change.committedAt();
            }
        }

        /** Collected once, when all have come: views with the same news share it. */
        Xids xids() {
            if (xids.isEmpty()) {
                xids = Xids.union(changes.stream().map(Change::xids).toList());
            }
            return xids;
        }

        static News merge(List<News> several) {
            News all = new News();
            several.forEach(news -> news.changes.forEach(all::add));
            return all;
        }
    }
}
