package io.refreshd.routing;

import io.refreshd.catalog.Reader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.model.Change;
import io.refreshd.model.Impact;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.report.Notice;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which views a change affects. Doubt means "affected": only an UPDATE that is known to have touched none of the columns a
 * view reads is let pass. Any thread may call it; it never blocks.
 */
public final class Router {
    private final Map<TableId, TableRoutes> tables = new HashMap<>();

    public Router(ViewGraph graph) {
        graph.tables().forEach((id, table) -> {
            List<Reader> readers = graph.readersOf(id);
            tables.put(id, new TableRoutes(readers, Set.copyOf(table.columns())));
        });
    }

    /** A table that the graph does not know affects nothing by itself: it feeds no view. */
    public Routing route(List<Change> changes) {
        // First by route, then by view: a batch has few routes, and with one view for each role a route has very many
        // views.
        Map<TableRoutes.Route, News> routes = new LinkedHashMap<>();
        for (Change change : changes) {
            TableRoutes table = tables.get(change.table());
            if (table != null) {
                routes.computeIfAbsent(table.of(change), route -> new News()).add(change);
            }
        }
        Map<ViewId, List<News>> affected = new LinkedHashMap<>();
        Set<ViewId> spared = new LinkedHashSet<>();
        routes.forEach((route, news) -> {
            route.affected()
                    .forEach(view -> affected.computeIfAbsent(view, id -> new ArrayList<>(1))
                            .add(news));
            spared.addAll(route.spared());
        });
        return new Routing(impacts(affected), avoided(spared, affected.keySet()));
    }

    private static List<Impact> impacts(Map<ViewId, List<News>> affected) {
        Map<List<News>, News> merged = new HashMap<>();
        List<Impact> impacts = new ArrayList<>(affected.size());
        affected.forEach((view, news) -> {
            News all = merged.computeIfAbsent(news, News::merge);
            impacts.add(new Impact(view, all.xids(), all.oldestCommit));
        });
        return impacts;
    }

    private static List<Notice.RefreshAvoided> avoided(Set<ViewId> spared, Set<ViewId> affected) {
        return spared.stream()
                .filter(view -> !affected.contains(view))
                .map(view -> new Notice.RefreshAvoided(view, Notice.Avoided.COLUMN))
                .toList();
    }

    /** What the changes on one route have in common. Compared by identity, so that views with the same news share it. */
    private static final class News {
        private final Set<Xid> collected = new HashSet<>();
        private Set<Xid> shared = Set.of();
        private Instant oldestCommit = Instant.MAX;

        void add(Change change) {
            add(change.xid(), change.committedAt());
        }

        private void add(Xid xid, Instant committedAt) {
            collected.add(xid);
            if (committedAt.isBefore(oldestCommit)) {
                oldestCommit = committedAt;
            }
        }

        /** Copied once: an {@link Impact} takes over a set that is immutable already. */
        Set<Xid> xids() {
            if (shared.size() < collected.size()) {
                shared = Set.copyOf(collected);
            }
            return shared;
        }

        static News merge(List<News> several) {
            if (several.size() == 1) {
                return several.getFirst();
            }
            News all = new News();
            several.forEach(news -> {
                all.collected.addAll(news.collected);
                if (news.oldestCommit.isBefore(all.oldestCommit)) {
                    all.oldestCommit = news.oldestCommit;
                }
            });
            return all;
        }
    }
}
