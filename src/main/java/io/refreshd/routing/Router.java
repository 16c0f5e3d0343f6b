package io.refreshd.routing;

import io.refreshd.catalog.ProbeKey;
import io.refreshd.catalog.Probing;
import io.refreshd.catalog.Reader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.model.Change;
import io.refreshd.model.Impact;
import io.refreshd.model.KeyProbe;
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
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which views a change affects. Doubt means "affected": only an UPDATE that is known to have touched none of the columns a
 * view reads is let pass. Any thread may call it; it never blocks.
 */
public final class Router {
    private final Map<TableId, TableRoutes> tables = new HashMap<>();

    private final ViewGraph graph;

    public Router(ViewGraph graph) {
        this.graph = graph;
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
        Map<ViewId, List<Told>> affected = new LinkedHashMap<>();
        Set<ViewId> spared = new LinkedHashSet<>();
        routes.forEach((route, news) -> {
            for (ViewId view : route.affected()) {
                affected.computeIfAbsent(view, id -> new ArrayList<>(1))
                        .add(news.at(graph.probing(news.table(), view)));
            }
            spared.addAll(route.spared());
        });
        return new Routing(impacts(affected), avoided(spared, affected.keySet()));
    }

    private static List<Impact> impacts(Map<ViewId, List<Told>> affected) {
        Map<List<News>, News> merged = new HashMap<>();
        List<Impact> impacts = new ArrayList<>(affected.size());
        affected.forEach((view, told) -> {
            News all = merged.computeIfAbsent(told.stream().map(Told::news).toList(), News::merge);
            impacts.add(new Impact(view, all.xids(), all.oldestCommit, probes(told)));
        });
        return impacts;
    }

    /** All or nothing: a part that cannot be looked up leaves the rest without worth. */
    private static List<KeyProbe> probes(List<Told> told) {
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
        private final List<Change> changes = new ArrayList<>();
        /** Views of one shape are told the same, so they share it. */
        private final Map<Probing, Told> told = new HashMap<>();

        private Instant oldestCommit = Instant.MAX;

        /** All changes on one route are of one table. */
        TableId table() {
            return changes.getFirst().table();
        }

        Told at(Probing probing) {
            return told.computeIfAbsent(
                    probing, p -> new Told(this, p.key().map(this::probes).orElse(List.of())));
        }

        private List<KeyProbe> probes(ProbeKey key) {
            List<KeyProbe> probes = new ArrayList<>();
            for (Change change : changes) {
                Optional<Set<List<@Nullable String>>> keys = change.touched().project(key.columns());
                if (keys.isEmpty() || keys.get().stream().anyMatch(row -> row.contains(null))) {
                    return List.of();
                }
                Set<List<String>> values = new HashSet<>();
                keys.get()
                        .forEach(row ->
                                values.add(row.stream().map(String::valueOf).toList()));
                probes.add(new KeyProbe(change.table(), key.positions(), key.types(), values));
            }
            return probes;
        }

        void add(Change change) {
            changes.add(change);
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
