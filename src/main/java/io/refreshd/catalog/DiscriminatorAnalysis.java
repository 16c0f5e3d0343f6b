package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds the {@link Discriminator} by which a view takes its rows from a table.
 *
 * <p>A condition in WHERE is enough, whatever the query does with the rows that pass it. A joined row that holds none of the values
 * does not pass. Nor does the row with NULLs that an outer join makes where the table's row is missing or finds no match. So the
 * table's other rows might as well not exist, provided that the query reads the table nowhere else.
 */
final class DiscriminatorAnalysis {
    /** Sub-selects and views are followed no deeper than this, so that views which read each other in a cycle come to an end. */
    private static final int MAX_DEPTH = 20;

    /** Flags of the query node that are false if each row that passes FROM and WHERE comes out as a row of its own. */
    private static final List<String> FALSE_IF_TRANSPARENT =
            List.of("hasAggs", "hasWindowFuncs", "hasTargetSRFs", "hasDistinctOn");

    /** Clauses that such a query does not have. */
    private static final List<String> ABSENT_IF_TRANSPARENT = List.of(
            "groupClause",
            "groupingSets",
            "havingQual",
            "windowClause",
            "distinctClause",
            "limitOffset",
            "limitCount",
            "setOperations");

    private final CatalogIndex catalogIndex;

    DiscriminatorAnalysis(CatalogIndex catalogIndex) {
        this.catalogIndex = catalogIndex;
    }

    /** The answer for one view, by table: what holds for all of its tables is found out once, however many there are. */
    interface ByTable {
        Optional<Discriminator> of(Relation table);
    }

    /**
     * @param sources everything that the view reads; with row-level security on any of it there is no discriminator, since a policy
     *     may read the table although the query does not show it
     */
    ByTable of(Relation view, ViewSources sources) {
        Optional<Node> query = catalogIndex.query(view);
        boolean policies = sources.relations().stream()
                .anyMatch(relation -> relation.traits().rowSecurity() != RowSecurity.OFF);
        return table -> query.isEmpty() || policies || !TableReads.areExactlyOne(query.get(), view, table, catalogIndex)
                ? Optional.empty()
                : discriminator(query.get(), table, 0, new QueryBudget());
    }

    private Optional<Discriminator> discriminator(Node query, Relation table, int depth, QueryBudget budget) {
        RangeTable rangeTable = new RangeTable(query, catalogIndex);
        List<Node> conditions = RequiredConditions.of(query);
        Optional<Discriminator> found = Optional.empty();
        for (int index : joined(query, rangeTable)) {
            Optional<Node> subquery = rangeTable.subquery(index);
            if (subquery.isPresent() && !budget.isExceeded(depth + 1)) {
                found = found.or(() -> discriminator(subquery.get(), table, depth + 1, budget));
            }
            for (Node condition : conditions) {
                found = found.or(() -> EqualityPredicate.of(condition, index)
                        .flatMap(equality -> column(rangeTable, index, equality.column(), table, depth)
                                .filter(equality::comparesLikeText)
                                .map(column -> Discriminator.of(column.name(), equality.values()))));
            }
        }
        return found;
    }

    /** The table's column that a range table entry's column shows unaltered; empty if it shows anything else. */
    private Optional<Relation.Column> column(RangeTable rangeTable, int index, int number, Relation table, int depth) {
        Relation read = rangeTable.relation(index);
        if (read != null && catalogIndex.selfAndAncestorsOf(table).contains(read.oid())) {
            // A child has the columns of its parent by name, and may have them at other numbers.
            return read.columns().stream()
                    .filter(c -> c.number() == number)
                    .flatMap(c ->
                            table.columns().stream().filter(own -> own.name().equals(c.name())))
                    .findFirst();
        }
        Optional<Node> subquery = rangeTable.subquery(index).filter(DiscriminatorAnalysis::isTransparent);
        if (subquery.isEmpty() || depth > MAX_DEPTH) {
            return Optional.empty();
        }
        RangeTable below = new RangeTable(subquery.get(), catalogIndex);
        for (Part part : subquery.get().items("targetList")) {
            if (part instanceof Node target
                    && target.number("resno") == number
                    && target.all("expr").size() == 1
                    && target.all("expr").getFirst() instanceof Node variable
                    && variable.label().equals("VAR")
                    && variable.is("varlevelsup", "0")) {
                int entry = (int) variable.number("varno");
                if (joined(subquery.get(), below).contains(entry)) {
                    return column(below, entry, (int) variable.number("varattno"), table, depth + 1);
                }
            }
        }
        return Optional.empty();
    }

    /** Whether each row that passes the query's FROM and WHERE comes out as a row of its own. */
    static boolean isTransparent(Node query) {
        return FALSE_IF_TRANSPARENT.stream().allMatch(flag -> query.is(flag, "false"))
                && ABSENT_IF_TRANSPARENT.stream().allMatch(query::isNull);
    }

    /** The tables, views and sub-selects that the query's FROM joins. */
    private static Set<Integer> joined(Node query, RangeTable rangeTable) {
        Set<Integer> joined = new HashSet<>();
        query.all("jointree")
                .forEach(tree -> tree.visit(node -> {
                    if (node.label().equals("RANGETBLREF")) {
                        joined.add((int) node.number("rtindex"));
                    }
                }));
        joined.removeIf(index -> rangeTable.entry(index).isEmpty());
        return joined;
    }
}
