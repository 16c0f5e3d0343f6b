package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import io.refreshd.model.UpstreamRows;
import io.refreshd.model.ViewId;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The dependency graph of the materialized views that refreshd keeps fresh: which tables and which other materialized views each one
 * reads.
 *
 * <p>Immutable, so any thread may use it. A catalog that has changed gives another graph.
 */
public final class ViewGraph {
    /** A graph without views, for the time before the catalog has been read. */
    public static final ViewGraph EMPTY = new ViewGraph(new TreeMap<>(), new TreeMap<>(), Map.of(), Map.of());

    private final SortedMap<ViewId, Node> nodes;
    private final SortedMap<ViewId, MaterializedView> views;
    private final SortedMap<TableId, BaseTable> tables;
    private final Map<TableId, List<Reader>> readers;
    private final Map<TableId, Map<ViewId, ChangeFilter>> filters;

    ViewGraph(
            SortedMap<ViewId, Node> nodes,
            SortedMap<TableId, BaseTable> tables,
            Map<TableId, List<Reader>> readers,
            Map<TableId, Map<ViewId, ChangeFilter>> filters) {
        this.nodes = nodes;
        SortedMap<ViewId, MaterializedView> views = new TreeMap<>();
        nodes.forEach((id, node) -> views.put(id, node.view()));
        this.views = Collections.unmodifiableSortedMap(views);
        this.tables = Collections.unmodifiableSortedMap(tables);
        this.readers = readers;
        this.filters = filters;
    }

    /**
     * Makes the graph.
     *
     * @param included which materialized views refreshd keeps fresh; any other one can only be an untracked source
     */
    public static ViewGraph of(Catalog catalog, Predicate<ViewId> included) {
        return new GraphBuilder(catalog, included).build();
    }

    /** The materialized views that refreshd keeps fresh. */
    public SortedMap<ViewId, MaterializedView> views() {
        return views;
    }

    public Optional<MaterializedView> view(ViewId id) {
        return Optional.ofNullable(views.get(id));
    }

    /** The tables that hold the rows of incremental views, by view. */
    public Map<ViewId, ViewId> stores() {
        Map<ViewId, ViewId> stores = new HashMap<>();
        views.forEach((id, view) ->
                view.incremental().flatMap(IncrementalView::store).ifPresent(store -> stores.put(id, store.store())));
        return Map.copyOf(stores);
    }

    public Optional<BaseTable> table(TableId id) {
        return Optional.ofNullable(tables.get(id));
    }

    /**
     * The tables whose changes can alter one of the views, other than through another materialized view. Changes of a partitioned
     * table name the leaf partition, so that leaf partitions are among the tables and partitioned tables are not.
     */
    public SortedMap<TableId, BaseTable> tables() {
        return tables;
    }

    /** The views that read the table, directly or through plain views; none if the table is not in the graph. */
    public List<Reader> readersOf(TableId table) {
        return readers.getOrDefault(table, List.of());
    }

    /** How a change of the table can be found not to have altered the view, beyond a comparison of the changed columns. */
    public ChangeFilter changeFilter(TableId table, ViewId view) {
        return changeFilters(table).getOrDefault(view, ChangeFilter.NONE);
    }

    /** The same for all views that read the table. Tables that are read alike have the same object, as partitions do. */
    public Map<ViewId, ChangeFilter> changeFilters(TableId table) {
        return filters.getOrDefault(table, Map.of());
    }

    /**
     * The materialized views of the graph that the view reads, directly or through plain views.
     *
     * <p>Invariant: there is no cycle; edges that would close one are left out.
     */
    public Set<ViewId> upstreamOf(ViewId view) {
        Node node = nodes.get(view);
        return node == null ? Set.of() : node.upstream();
    }

    /** The materialized views of the graph that read the view, directly or through plain views. */
    public Set<ViewId> downstreamOf(ViewId view) {
        Node node = nodes.get(view);
        return node == null ? Set.of() : node.downstream();
    }

    /**
     * A hash of everything that the view's content depends on, rows apart. It is the same after a restart of the daemon. It differs
     * once the content may be another one without the log having reported a change.
     *
     * @throws IllegalArgumentException if the graph does not know the view
     */
    public String lineageOf(ViewId view) {
        Node node = nodes.get(view);
        if (node == null) {
            throw new IllegalArgumentException("not in the graph: " + view);
        }
        return node.lineage();
    }

    /** What cannot be known of the view's dependencies, each with its remedy. The view claims to be fresh nevertheless. */
    public List<Obstacle> remarksOn(ViewId view) {
        Node node = nodes.get(view);
        return node == null ? List.of() : node.remarks();
    }

    /** The views whose content depends on an object that a running transaction is altering, each with such an object. */
    public Map<ViewId, ObjectInFlux> inFlux() {
        Map<ViewId, ObjectInFlux> found = new HashMap<>();
        nodes.forEach((id, node) -> node.inFlux().ifPresent(object -> found.put(id, object)));
        return found;
    }

    /** How changed rows of the incremental views that an incremental view reads lead to its rows. */
    public List<UpstreamRows> stackOf(ViewId view) {
        Node node = nodes.get(view);
        return node == null ? List.of() : node.stack();
    }

    /** The types of users that the view's content depends on. */
    Set<ObjectRef> typesOf(ViewId view) {
        Node node = nodes.get(view);
        return node == null ? Set.of() : node.types();
    }

    /** What the graph holds of one view. */
    record Node(
            MaterializedView view,
            Set<ViewId> upstream,
            Set<ViewId> downstream,
            String lineage,
            List<Obstacle> remarks,
            Optional<ObjectInFlux> inFlux,
            Set<ObjectRef> types,
            List<UpstreamRows> stack) {}
}
