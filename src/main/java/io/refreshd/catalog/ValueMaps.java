package io.refreshd.catalog;

import io.refreshd.catalog.IncrementalQuery.GroupMap;
import io.refreshd.catalog.IncrementalQuery.MapText;
import io.refreshd.catalog.JoinedReads.Origin;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.model.TableId;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The maps of columns by whose values rows of an incremental view depend on rows of a table, where the log does not hold the old values: as in
 * {@code (SELECT count(*) FROM posts p WHERE p.user_id = u.id)}, if {@code posts} has {@code REPLICA IDENTITY DEFAULT}. Each is kept as a
 * view would be that selects the column.
 */
final class ValueMaps {
    private ValueMaps() {}

    /** The map of a column. @param positions numbers of the columns of the view's store that hold its values */
    static GroupMap map(ValueColumn column, List<Integer> positions, CatalogIndex catalogIndex) {
        IncrementalQuery rows = rows(column, catalogIndex);
        return new GroupMap(
                rows,
                MapText.of(Optional.empty()),
                List.of(rows.hidden().size() + 1),
                positions,
                false,
                0,
                Optional.of(column));
    }

    /** How the map is kept. Its last column holds the value. */
    private static IncrementalQuery rows(ValueColumn column, CatalogIndex catalogIndex) {
        Relation table = table(column.table(), catalogIndex);
        Relation.Column value = table.columns().stream()
                .filter(one -> one.name().equals(column.column()))
                .findFirst()
                .orElseThrow();
        CatalogIndex known = catalogIndex.extended();
        Relation map = new Relation(
                known.nextDerived(),
                table.schema(),
                table.name(),
                RelationKind.MATERIALIZED_VIEW,
                table.traits(),
                List.of(new Relation.Column(1, value.name(), value.type(), value.modifier(), false, value.keyType())));
        Node query = QueryRewrite.columnsOf(table.oid(), true, List.of(value.number()));
        known.add(map, Optional.of(query));
        try {
            return new RecomputePlanner(map, new JoinedReads(query, known), known).plan();
        } catch (UnsupportedQueryException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static Relation table(TableId table, CatalogIndex catalogIndex) {
        return catalogIndex.relations().stream()
                .filter(relation -> relation.tableId().equals(table))
                .findFirst()
                .orElseThrow();
    }

    /**
     * The column whose map has this definition.
     *
     * @throws UnsupportedQueryException if it is not that of such a map
     */
    static ValueColumn column(Relation definition, CatalogIndex catalogIndex) throws UnsupportedQueryException {
        return column(catalogIndex.query(definition).orElseThrow(), catalogIndex);
    }

    /** @param query of a map, with hidden columns or without */
    static ValueColumn column(Node query, CatalogIndex catalogIndex) throws UnsupportedQueryException {
        JoinedReads joined = new JoinedReads(query, catalogIndex);
        Origin value = joined.outputs().isEmpty() ? null : joined.outputs().getLast();
        if (value == null
                || joined.reads().size() != 1
                || QueryShape.isGrouped(query)
                || !query.all("jointree").stream()
                        .allMatch(tree -> tree instanceof Node from && from.isNull("quals"))) {
            throw new UnsupportedQueryException("a map of it is none of the values of a column");
        }
        Relation table = joined.reads().getFirst().table();
        return new ValueColumn(
                table.tableId(),
                table.columns().stream()
                        .filter(column -> column.number() == value.column())
                        .map(Relation.Column::name)
                        .findFirst()
                        .orElse(""));
    }

    /** The columns of which a query has maps, with the columns of its store to which they lead. @param of the number of a map, from 1; 0: the view's */
    static Map<ValueColumn, Set<List<Integer>>> of(IncrementalQuery query, int of) {
        Map<ValueColumn, Set<List<Integer>>> found = new HashMap<>();
        query.maps().stream()
                .filter(map -> map.of() == of && map.value().isPresent())
                .forEach(map -> found.computeIfAbsent(map.value().orElseThrow(), column -> new HashSet<>())
                        .add(map.positions()));
        return found;
    }
}
