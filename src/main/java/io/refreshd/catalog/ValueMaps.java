package io.refreshd.catalog;

import io.refreshd.catalog.IncrementalQuery.GroupMap;
import io.refreshd.catalog.IncrementalQuery.MapText;
import io.refreshd.catalog.JoinedConditions.Match;
import io.refreshd.catalog.JoinedReads.Origin;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.model.JoinStep;
import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The maps of columns by whose values rows of an incremental view depend on rows of a table, where the log does not hold the old values: as in
 * {@code (SELECT count(*) FROM posts p WHERE p.user_id = u.id)}, if {@code posts} has {@code REPLICA IDENTITY DEFAULT}. Each is kept as a
 * view would be that selects the column; or, where the column leads to rows of another table, that joins these.
 */
final class ValueMaps {
    private ValueMaps() {}

    /** Whether a map can hold where a path leads from rows of a table: refreshd's role reads all its tables, and each has a key. */
    static boolean canHold(Relation table, ChangePath path, CatalogIndex catalogIndex) {
        return !catalogIndex.isDerived(table)
                && canHold(table, catalogIndex)
                && path.joins().stream()
                        .allMatch(join ->
                                join.columns().size() == 1 && canHold(table(join.table(), catalogIndex), catalogIndex));
    }

    private static boolean canHold(Relation table, CatalogIndex catalogIndex) {
        return !catalogIndex.isOfRounds(table)
                && LoggedKey.of(table, catalogIndex).obstacle().isEmpty()
                && ReadAccess.obstacle(List.of(table), catalogIndex).isEmpty();
    }

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

    /** How the map is kept. Its last column holds the value. What its tables are joined by decides nothing here. */
    private static IncrementalQuery rows(ValueColumn column, CatalogIndex catalogIndex) {
        List<Relation> tables = column.tables().stream()
                .map(table -> table(table, catalogIndex))
                .toList();
        Relation.Column value = tables.getLast().columns().stream()
                .filter(one -> one.name().equals(column.last()))
                .findFirst()
                .orElseThrow();
        CatalogIndex known = catalogIndex.extended();
        Relation map = new Relation(
                known.nextDerived(),
                tables.getFirst().schema(),
                tables.getFirst().name(),
                RelationKind.MATERIALIZED_VIEW,
                tables.getFirst().traits(),
                List.of(new Relation.Column(1, value.name(), value.type(), value.modifier(), false, value.keyType())));
        Node query =
                QueryRewrite.columnOfLast(tables.stream().map(Relation::oid).toList(), value.number());
        known.add(map, Optional.of(query));
        try {
            return new RecomputePlanner(map, new JoinedReads(query, known), known).plan();
        } catch (UnsupportedQueryException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** The query of the map, with the names that the analysis takes its tables to have. */
    static String text(ValueColumn column) {
        List<String> tables = new ArrayList<>(List.of(from(column.table(), 1)));
        List<String> conditions = new ArrayList<>();
        String value = "t1." + SqlNames.identifier(column.column());
        for (JoinStep join : column.joins()) {
            int number = tables.size() + 1;
            tables.add(from(join.table(), number));
            conditions.add("t" + number + "." + SqlNames.identifier(join.by()) + " OPERATOR(pg_catalog.=) " + value);
            value = "t" + number + "." + SqlNames.identifier(join.columns().getFirst());
        }
        return "SELECT " + value + " FROM " + String.join(", ", tables)
                + (conditions.isEmpty() ? "" : " WHERE " + String.join(" AND ", conditions));
    }

    private static String from(TableId table, int number) {
        return SqlNames.identifier(table.schema()) + "." + SqlNames.identifier(table.name()) + " AS t" + number;
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
        int last = joined.reads().size() - 1;
        // Each equality is told in both directions.
        List<Match> matches = joined.conditions().matches().stream()
                .filter(match -> match.column().read() > match.other().read())
                .sorted(Comparator.comparing(match -> match.column().read()))
                .toList();
        if (value == null
                || value.read() != last
                || QueryShape.isGrouped(query)
                || matches.size() != last
                || RequiredConditions.of(query).size() != last) {
            throw refused();
        }
        List<JoinStep> joins = new ArrayList<>();
        for (int read = last; read > 0; read--) {
            Match match = matches.get(read - 1);
            if (match.column().read() != read || match.other().read() != read - 1) {
                throw refused();
            }
            joins.addFirst(new JoinStep(
                    joined.reads().get(read).table().tableId(),
                    name(joined, match.column()),
                    List.of(name(joined, value))));
            value = match.other();
        }
        return new ValueColumn(joined.reads().getFirst().table().tableId(), name(joined, value), joins);
    }

    private static UnsupportedQueryException refused() {
        return new UnsupportedQueryException("a map of it is none of the values of a column");
    }

    private static String name(JoinedReads joined, Origin origin) {
        return joined.reads().get(origin.read()).table().columns().stream()
                .filter(column -> column.number() == origin.column())
                .map(Relation.Column::name)
                .findFirst()
                .orElse("");
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
