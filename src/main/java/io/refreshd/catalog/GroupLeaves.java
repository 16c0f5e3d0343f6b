package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The queries whose rows a grouped query groups: the query itself; or each branch of a set operation; or, if it reads nothing but a
 * sub-select that groups rows itself, those whose rows that one groups.
 *
 * <p>Invariant: the rows of the grouped query with one value of a column depend only on the rows of the leaves that have this value in the
 * leaf's expression for the column.
 */
final class GroupLeaves {
    /**
     * One of these queries.
     *
     * @param columns for output columns of the grouped query: the column of the leaf that shows the same
     */
    record Leaf(PlacedQuery query, SortedMap<Integer, Column> columns) {}

    /** @param expression over the rows that the leaf reads */
    record Column(int number, Node expression) {}

    /**
     * The answer for a grouped query.
     *
     * @param subQueries in its columns and HAVING, which refer to output columns of it
     */
    record Found(List<Leaf> leaves, List<SubLink> subQueries) {}

    private final Relation view;
    private final CatalogIndex catalogIndex;
    private final QueryBudget budget;

    /** @param view for messages */
    GroupLeaves(Relation view, CatalogIndex catalogIndex, QueryBudget budget) {
        this.view = view;
        this.catalogIndex = catalogIndex;
        this.budget = budget;
    }

    /** @param depth how many queries lie around this one */
    Found of(PlacedQuery query, int depth) throws UnsupportedQueryException {
        if (budget.isExceeded(depth)) {
            throw QueryBudget.exceeded();
        }
        List<Leaf> leaves = new ArrayList<>();
        List<SubLink> subQueries = new ArrayList<>();
        if (!query.query().isNull("setOperations")) {
            List<Node> branches = branches(query.query());
            for (int i = 0; i < branches.size(); i++) {
                Found branch = of(query.branch(branches.get(i), i, catalogIndex), depth + 1);
                leaves.addAll(branch.leaves());
                subQueries.addAll(branch.subQueries());
            }
            return new Found(leaves, subQueries);
        }
        SortedMap<Integer, Node> columns = GroupKey.of(query.query(), view, depth == 0);
        subQueries.addAll(new GroupSubQueries(query.query(), columns).all());
        Optional<PlacedQuery> only = onlyGroups(query);
        if (only.isPresent()) {
            Found inner = of(only.get(), depth + 1);
            inner.leaves().forEach(leaf -> leaves.add(through(columns, leaf)));
            if (leaves.stream().noneMatch(leaf -> leaf.columns().isEmpty())) {
                inner.subQueries()
                        .forEach(subQuery ->
                                subQueries.add(GroupSubQueries.through(subQuery, number -> shown(columns, number))));
                return new Found(leaves, subQueries);
            }
        }
        // What tells groups apart may be computed of other groups, whose rows are then those that are grouped.
        SortedMap<Integer, Column> own = new TreeMap<>();
        columns.forEach((number, expression) -> own.put(number, new Column(number, expression)));
        return new Found(List.of(new Leaf(query, own)), subQueries);
    }

    /** @param columns over the rows of the inner query, by number */
    private static Leaf through(SortedMap<Integer, Node> columns, Leaf inner) {
        SortedMap<Integer, Column> shown = new TreeMap<>();
        columns.forEach((number, expression) -> {
            Column column =
                    expression.label().equals("VAR") ? inner.columns().get((int) expression.number("varattno")) : null;
            if (column != null) {
                shown.put(number, column);
            }
        });
        return new Leaf(inner.query(), shown);
    }

    private static int shown(SortedMap<Integer, Node> columns, int number) {
        return columns.entrySet().stream()
                .filter(column -> column.getValue().label().equals("VAR")
                        && column.getValue().number("varattno") == number)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(0);
    }

    /** The grouped query in FROM, if there is nothing else. */
    private Optional<PlacedQuery> onlyGroups(PlacedQuery query) {
        return query.joined().size() == 1
                ? query.inFrom(query.joined().iterator().next(), catalogIndex)
                        .map(PlacedQuery.InFrom::query)
                        .filter(inner -> QueryShape.isGrouped(inner.query()))
                : Optional.empty();
    }

    /** The branches of a set operation, in the order in which they are written. */
    private List<Node> branches(Node query) throws UnsupportedQueryException {
        List<String> beyond = new ArrayList<>(QueryShape.beyondJoins(query));
        beyond.remove(QueryShape.SET_OPERATION);
        if (!beyond.isEmpty()) {
            throw new UnsupportedQueryException(view.sql() + " has a set operation with " + QueryShape.list(beyond)
                    + ": no key tells which of its rows a change alters");
        }
        RangeTable rangeTable = new RangeTable(query, catalogIndex);
        List<Node> found = new ArrayList<>();
        for (Part operation : query.all("setOperations")) {
            addBranches(operation, rangeTable, found);
        }
        return found;
    }

    private static void addBranches(Part part, RangeTable rangeTable, List<Node> found)
            throws UnsupportedQueryException {
        if (part instanceof Node node && node.label().equals("SETOPERATIONSTMT")) {
            for (Part side :
                    List.of(node.all("larg").getFirst(), node.all("rarg").getFirst())) {
                addBranches(side, rangeTable, found);
            }
        } else if (part instanceof Node node && node.label().equals("RANGETBLREF")) {
            found.add(rangeTable
                    .subquery((int) node.number("rtindex"))
                    .orElseThrow(() -> new UnsupportedQueryException("a set operation of an unknown form")));
        } else {
            throw new UnsupportedQueryException("a set operation of an unknown form");
        }
    }
}
