package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/** Makes a {@link ViewGraph}; good for one. Works on oids, and turns them into names only for what it hands out. */
final class GraphBuilder {
    private final CatalogIndex catalogIndex;
    private final Predicate<ViewId> included;
    private final SortedMap<ViewId, Relation> views = new TreeMap<>();
    private final Map<ViewId, Sources> sources = new HashMap<>();
    private final SortedMap<TableId, BaseTable> tables = new TreeMap<>();
    private final Map<TableId, List<Reader>> readers = new HashMap<>();

    private final Map<TableId, Map<ViewId, Narrowing>> narrowings = new HashMap<>();

    GraphBuilder(Catalog catalog, Predicate<ViewId> included) {
        this.catalogIndex = new CatalogIndex(catalog);
        this.included = included;
        for (Relation relation : catalog.relations()) {
            if (relation.kind() == RelationKind.MATERIALIZED_VIEW && included.test(relation.viewId())) {
                views.put(relation.viewId(), relation);
            }
        }
    }

    ViewGraph build() {
        UntrackedSources untrackedSources = new UntrackedSources(catalogIndex, included);
        Publishability publishability = new Publishability(catalogIndex);
        ProbeAnalysis probes = new ProbeAnalysis(catalogIndex);
        Discriminators discriminators = new Discriminators(catalogIndex);
        views.forEach((id, view) -> {
            Sources found = Sources.of(view, catalogIndex);
            sources.put(id, found);
            ProbeAnalysis.ByTable probing = probes.of(view, found, untrackedSources.of(view, found));
            for (Relation relation : found.relations()) {
                if (relation.logged()) {
                    tables.computeIfAbsent(relation.tableId(), table -> publishability.baseTable(relation));
                    readers.computeIfAbsent(relation.tableId(), table -> new ArrayList<>())
                            .add(new Reader(id, found.columnsOf(relation)));
                    narrowings
                            .computeIfAbsent(relation.tableId(), table -> new HashMap<>())
                            .put(id, new Narrowing(discriminators.of(view, relation, found), probing.of(relation)));
                }
            }
        });
        readers.replaceAll((table, list) -> List.copyOf(list));

        Stack stack = new Stack(upstream());
        Obstacles obstacles = new Obstacles(catalogIndex);
        Lineage lineage = new Lineage(catalogIndex, included);
        SortedMap<ViewId, ViewGraph.Node> nodes = new TreeMap<>();
        views.forEach((id, view) -> {
            Sources found = sources(id);
            List<Obstacle> untracked = new ArrayList<>(untrackedSources.of(view, found));
            stack.circleOf(id).ifPresent(untracked::add);
            Optional<Obstacle> always = obstacles.toAnyRefresh(found);
            nodes.put(
                    id,
                    new ViewGraph.Node(
                            new MaterializedView(
                                    id,
                                    view.oid(),
                                    view.traits().populated(),
                                    obstacles.toConcurrentRefresh(view, found).or(() -> always),
                                    always,
                                    untracked),
                            stack.upstreamOf(id),
                            stack.downstreamOf(id),
                            lineage.of(view, found)));
        });
        return new ViewGraph(nodes, tables, readers, narrowings);
    }

    private Sources sources(ViewId view) {
        Sources found = sources.get(view);
        if (found == null) {
            throw new IllegalStateException("not walked: " + view);
        }
        return found;
    }

    private SortedMap<ViewId, SortedSet<ViewId>> upstream() {
        SortedMap<ViewId, SortedSet<ViewId>> upstream = new TreeMap<>();
        for (ViewId view : views.keySet()) {
            SortedSet<ViewId> read = new TreeSet<>();
            for (Relation other : sources(view).materializedViews()) {
                if (views.containsKey(other.viewId())) {
                    read.add(other.viewId());
                }
            }
            upstream.put(view, Collections.unmodifiableSortedSet(read));
        }
        return upstream;
    }
}
