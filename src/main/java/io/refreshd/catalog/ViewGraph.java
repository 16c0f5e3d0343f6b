package io.refreshd.catalog;

import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/** Which materialized view stands on what. Immutable; another catalog gives another graph. */
public final class ViewGraph {
    /** No views at all: what is known before the catalog has been read. */
    public static final ViewGraph EMPTY = new ViewGraph(new TreeMap<>(), new TreeMap<>(), Map.of(), Map.of());

    private final SortedMap<ViewId, Node> nodes;
    private final SortedMap<ViewId, MaterializedView> views;
    private final SortedMap<TableId, BaseTable> tables;
    private final Map<TableId, List<Reader>> readers;
    private final Map<TableId, Map<ViewId, Narrowing>> narrowings;

    ViewGraph(
            SortedMap<ViewId, Node> nodes,
            SortedMap<TableId, BaseTable> tables,
            Map<TableId, List<Reader>> readers,
            Map<TableId, Map<ViewId, Narrowing>> narrowings) {
        this.nodes = nodes;
        SortedMap<ViewId, MaterializedView> views = new TreeMap<>();
        nodes.forEach((id, node) -> views.put(id, node.view()));
        this.views = Collections.unmodifiableSortedMap(views);
        this.tables = Collections.unmodifiableSortedMap(tables);
        this.readers = readers;
        this.narrowings = narrowings;
    }

    /** Makes the graph. @param included which materialized views are looked after; the others are at most sources nobody hears from */
    public static ViewGraph of(Catalog catalog, Predicate<ViewId> included) {
        return new GraphBuilder(catalog, included).build();
    }

    /** The materialized views that are looked after. */
    public SortedMap<ViewId, MaterializedView> views() {
        return views;
    }

    public Optional<MaterializedView> view(ViewId id) {
        return Optional.ofNullable(views.get(id));
    }

    public Optional<BaseTable> table(TableId id) {
        return Optional.ofNullable(tables.get(id));
    }

    /**
     * Every table with rows in the log that feeds one of them, not through another materialized view. Partitioned tables
     * are not among them: events name the leaf.
     */
    public SortedMap<TableId, BaseTable> tables() {
        return tables;
    }

    /** Who reads the table, directly or through plain views; nobody, if the graph does not know it. */
    public List<Reader> readersOf(TableId table) {
        return readers.getOrDefault(table, List.of());
    }

    /** How a change of the table can be found not to have altered the view, beyond which columns it touched. */
    public Narrowing narrowing(TableId table, ViewId view) {
        return narrowings.getOrDefault(table, Map.of()).getOrDefault(view, Narrowing.NONE);
    }

    /** The included materialized views that it reads, directly or through plain views. Never leads back to itself. */
    public Set<ViewId> upstreamOf(ViewId view) {
        Node node = nodes.get(view);
        return node == null ? Set.of() : node.upstream();
    }

    /** The included materialized views that read it, directly or through plain views. */
    public Set<ViewId> downstreamOf(ViewId view) {
        Node node = nodes.get(view);
        return node == null ? Set.of() : node.downstream();
    }

    /**
     * A hash of all that the view's content depends on but for the rows: equal across restarts of the daemon, different
     * once the content may be another without an event having told so.
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

    record Node(MaterializedView view, Set<ViewId> upstream, Set<ViewId> downstream, String lineage) {}
}
