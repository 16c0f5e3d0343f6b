package io.refreshd.catalog;

import io.refreshd.catalog.IncrementalQuery.ChangedBy;
import io.refreshd.catalog.IncrementalQuery.HiddenColumn;
import io.refreshd.catalog.IncrementalQuery.TableChanges;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Finds for materialized views the recompute key by which their rows could be kept up to date.
 *
 * <p>Thread: one only.
 */
public final class RecomputeKeys {
    private final CatalogIndex catalogIndex;
    private final IncrementalObstacles obstacles;

    public RecomputeKeys(Catalog catalog) {
        this.catalogIndex = new CatalogIndex(catalog);
        this.obstacles = new IncrementalObstacles(catalogIndex);
    }

    /**
     * Examines the query of a view.
     *
     * <p>Failure: a query that breaks the analysis is one that cannot be incremental.
     *
     * @param oid of a materialized view in the catalog
     */
    public IncrementalQuery of(long oid) {
        Relation view = Objects.requireNonNull(catalogIndex.relation(oid), "not in the catalog");
        try {
            return examined(view);
        } catch (RuntimeException | StackOverflowError e) {
            return IncrementalQuery.not(
                    view,
                    List.of(new Obstacle(
                            "its query could not be examined (" + e.getClass().getSimpleName() + ")", Remedy.NONE)));
        }
    }

    private IncrementalQuery examined(Relation view) {
        List<Obstacle> found = new ArrayList<>(obstacles.of(view));
        StackedTables below = StackedTables.of(view, catalogIndex);
        if (!below.obstacles().isEmpty()) {
            found.addAll(below.obstacles());
            return IncrementalQuery.not(view, found);
        }
        return examined(view, found, below.index());
    }

    private static IncrementalQuery examined(Relation view, List<Obstacle> found, CatalogIndex index) {
        try {
            Optional<HiddenGroupKeys> shown = index.query(view).map(query -> HiddenGroupKeys.of(view, query, index));
            Optional<GroupedQuery> grouped = shown.isEmpty() ? Optional.empty() : grouped(shown.get(), index);
            if (grouped.isPresent()) {
                IncrementalQuery plan = new GroupedPlanner(shown.get().view(), grouped.get(), QueryPurpose.KEPT)
                        .plan(found)
                        .hiding(shown.get().columns());
                return OneRowKey.checked(plan, view, shown.get().query());
            }
        } catch (UnsupportedQueryException unsupported) {
            found.add(new Obstacle(unsupported.why(), Remedy.NONE));
            return IncrementalQuery.not(view, found);
        }
        Optional<JoinedReads> joined = joined(view, found, index);
        Optional<RecomputePlanner> planner = joined.map(reads -> new RecomputePlanner(view, reads, index));
        planner.flatMap(RecomputePlanner::obstacle).ifPresent(found::add);
        return found.isEmpty() && planner.isPresent() ? planner.get().plan() : IncrementalQuery.not(view, found);
    }

    private static Optional<GroupedQuery> grouped(HiddenGroupKeys shown, CatalogIndex index)
            throws UnsupportedQueryException {
        return GroupedQuery.of(shown.view(), shown.query(), index);
    }

    private static HiddenGroupKeys shown(Relation view, CatalogIndex index) {
        return HiddenGroupKeys.of(view, index.query(view).orElseThrow(), index);
    }

    private static Optional<JoinedReads> joined(Relation view, List<Obstacle> found, CatalogIndex index) {
        try {
            // Refuses whatever is no select-project-join query.
            SelectProjectJoin.of(view, index, QueryPurpose.KEPT);
            NodeTree.Node query = index.query(view)
                    .orElseThrow(() -> new UnsupportedQueryException("its query could not be examined"));
            return Optional.of(new JoinedReads(query, index));
        } catch (UnsupportedQueryException unsupported) {
            found.add(new Obstacle(unsupported.why(), Remedy.NONE));
            return Optional.empty();
        }
    }

    /**
     * Proves that a definition with hidden columns is the query of the view, and that each hidden column shows what it is to show.
     *
     * @param tree the definition's query tree, as the server stores it; its relations are in the catalog
     * @return what differs; empty if nothing does
     */
    public Optional<String> difference(IncrementalQuery query, String tree) {
        Relation view = Objects.requireNonNull(catalogIndex.relation(query.oid()), "not in the catalog");
        try {
            CatalogIndex index = StackedTables.of(view, catalogIndex).index();
            HiddenGroupKeys shown = shown(view, index);
            return difference(
                    query,
                    ValueMaps.of(query, 0),
                    shown.view(),
                    shown.query(),
                    NodeTree.query(tree).orElseThrow(),
                    index);
        } catch (UnsupportedQueryException | RuntimeException | StackOverflowError e) {
            return Optional.of("the server's form of the query with hidden columns is not understood");
        }
    }

    /**
     * Proves that a query selects the rows that are grouped, with the keys of their groups, and once more with hidden columns.
     *
     * @param map the number of the map
     * @param bare the tree of the query without hidden columns
     * @param rows the tree of the same query, perhaps with further columns at its end
     * @param tree the tree of the latter with hidden columns
     * @return what differs; empty if nothing does
     */
    public Optional<String> difference(IncrementalQuery query, int map, String bare, String rows, String tree) {
        Relation view = Objects.requireNonNull(catalogIndex.relation(query.oid()), "not in the catalog");
        try {
            CatalogIndex index = StackedTables.of(view, catalogIndex).index();
            Optional<ValueColumn> value = query.maps().get(map).value();
            if (value.isPresent()) {
                return difference(query, map, value.get(), bare, tree, index);
            }
            GroupedQuery parts = grouped(shown(view, index), index).orElseThrow();
            int branch = (int) query.maps().subList(0, map).stream()
                    .filter(one -> one.value().isEmpty())
                    .count();
            Relation of = parts.branches().get(branch).map();
            NodeTree.Node before = parts.catalogIndex().query(of).orElseThrow();
            return TreeShape.of(before).equals(TreeShape.of(NodeTree.query(bare).orElseThrow()))
                    ? difference(
                            query.maps().get(map).rows(),
                            ValueMaps.of(query, map + 1),
                            of,
                            NodeTree.query(rows).orElseThrow(),
                            NodeTree.query(tree).orElseThrow(),
                            index)
                    : Optional.of("the server's form of the rows that are grouped is another one");
        } catch (UnsupportedQueryException | RuntimeException | StackOverflowError e) {
            return Optional.of("the server's form of the rows that are grouped is not understood");
        }
    }

    /** The query of a map of a column, in SQL. */
    public static String text(ValueColumn column) {
        return ValueMaps.text(column);
    }

    private static Optional<String> difference(
            IncrementalQuery query, int map, ValueColumn value, String bare, String tree, CatalogIndex index)
            throws UnsupportedQueryException {
        NodeTree.Node before = NodeTree.query(bare).orElseThrow();
        NodeTree.Node after = NodeTree.query(tree).orElseThrow();
        return ValueMaps.column(before, index).equals(value)
                        && ValueMaps.column(after, index).equals(value)
                ? difference(query.maps().get(map).rows(), Map.of(), before, after, index)
                : Optional.of("the server's form of the values of " + value.column() + " is another one");
    }

    private static Optional<String> difference(
            IncrementalQuery query,
            Map<ValueColumn, Set<List<Integer>>> maps,
            Relation of,
            NodeTree.Node before,
            NodeTree.Node after,
            CatalogIndex index)
            throws UnsupportedQueryException {
        Optional<GroupedQuery> parts = GroupedQuery.of(of, before, index);
        if (parts.isEmpty()) {
            return difference(query, maps, before, after, index);
        }
        Optional<GroupedQuery> partsAfter = GroupedQuery.of(of, after, index);
        return partsAfter.isPresent() && partsAfter.get().hasPartsOf(parts.get())
                ? difference(
                        query,
                        maps,
                        parts.get().query(),
                        partsAfter.get().query(),
                        parts.get().catalogIndex())
                : Optional.of("with hidden columns the query groups its rows in another way");
    }

    private static Optional<String> difference(
            IncrementalQuery query,
            Map<ValueColumn, Set<List<Integer>>> maps,
            NodeTree.Node before,
            NodeTree.Node after,
            CatalogIndex catalogIndex)
            throws UnsupportedQueryException {
        JoinedReads reads = new JoinedReads(after, catalogIndex);
        return difference(query, new JoinedReads(before, catalogIndex), reads)
                .or(() -> otherLookups(query, maps, reads, catalogIndex));
    }

    private static Optional<String> difference(IncrementalQuery query, JoinedReads before, JoinedReads after) {
        // Keys of groups are columns of both.
        List<HiddenColumn> columns =
                query.hidden().stream().filter(column -> !column.isOfGroups()).toList();
        int hidden = columns.size();
        if (after.outputs().size() != before.outputs().size() + hidden
                || !after.outputs().subList(hidden, after.outputs().size()).equals(before.outputs())) {
            return Optional.of("with hidden columns the query has other columns");
        }
        if (after.reads().size() != before.reads().size()) {
            return Optional.of("with hidden columns the query joins other tables");
        }
        for (int i = 0; i < before.reads().size(); i++) {
            JoinedReads.Read one = before.reads().get(i);
            JoinedReads.Read other = after.reads().get(i);
            if (one.table().oid() != other.table().oid()
                    || one.nullable() != other.nullable()
                    || one.hidden() != other.hidden()) {
                return Optional.of(
                        "with hidden columns the query joins " + one.table().sql() + " in another way");
            }
        }
        for (int i = 0; i < hidden; i++) {
            HiddenColumn column = columns.get(i);
            if (!Objects.equals(after.outputs().get(i), new JoinedReads.Origin(column.read(), column.number()))) {
                return Optional.of(column.alias() + "." + column.column() + " is not the key column of "
                        + before.reads().get(column.read()).table().sql() + " in the view's query");
            }
        }
        return Optional.empty();
    }

    /** What rounds will do, which is what was promised. */
    private static Optional<String> otherLookups(
            IncrementalQuery query,
            Map<ValueColumn, Set<List<Integer>>> maps,
            JoinedReads definition,
            CatalogIndex catalogIndex) {
        StoreLookups lookups = new StoreLookups(definition, catalogIndex, positions -> true, maps);
        for (TableChanges changes : query.tables()) {
            Relation table = catalogIndex.relations().stream()
                    .filter(relation -> relation.tableId().equals(changes.table()))
                    .findFirst()
                    .map(relation -> catalogIndex.relation(relation.oid()))
                    .orElseThrow();
            List<Lookup> leaves = LoggedKey.leaves(table, catalogIndex).stream()
                    .map(lookups::of)
                    .toList();
            List<ChangedBy> by = leaves.stream()
                    .flatMap(leaf -> leaf.keys().stream())
                    .map(key -> new ChangedBy(key.columns(), key.positions(), key.joins()))
                    .distinct()
                    .toList();
            boolean everything = leaves.stream().anyMatch(leaf -> leaf.why().isPresent());
            if (everything != changes.everything().isPresent() || (!everything && !by.equals(changes.by()))) {
                return Optional.of("with hidden columns, changes of " + table.sql() + " would be found in another way");
            }
        }
        return Optional.empty();
    }
}
