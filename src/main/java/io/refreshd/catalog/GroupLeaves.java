package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.ArrayList;
import java.util.List;
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

    private final Relation view;
    private final CatalogIndex catalogIndex;

    /** @param view for messages */
    GroupLeaves(Relation view, CatalogIndex catalogIndex) {
        this.view = view;
        this.catalogIndex = catalogIndex;
    }

    List<Leaf> of(PlacedQuery query) throws UnsupportedQueryException {
        List<Leaf> leaves = new ArrayList<>();
        if (!query.query().isNull("setOperations")) {
            List<Node> branches = branches(query.query());
            for (int i = 0; i < branches.size(); i++) {
                leaves.addAll(of(query.branch(branches.get(i), i, catalogIndex)));
            }
            return leaves;
        }
        SortedMap<Integer, Node> columns = GroupKey.of(query.query(), view);
        Optional<PlacedQuery> only = onlyGroups(query);
        if (only.isPresent()) {
            leaves.addAll(ofGroups(columns, of(only.get())));
        }
        if (leaves.isEmpty() || leaves.stream().anyMatch(leaf -> leaf.columns().isEmpty())) {
            // What tells the groups apart is computed of other groups, whose rows are then those that are grouped.
            SortedMap<Integer, Column> own = new TreeMap<>();
            columns.forEach((number, expression) -> own.put(number, new Column(number, expression)));
            return List.of(new Leaf(query, own));
        }
        return leaves;
    }

    /** @param columns over the rows of the inner query, by number */
    private static List<Leaf> ofGroups(SortedMap<Integer, Node> columns, List<Leaf> innerLeaves) {
        List<Leaf> leaves = new ArrayList<>();
        for (Leaf inner : innerLeaves) {
            SortedMap<Integer, Column> shown = new TreeMap<>();
            columns.forEach((number, expression) -> {
                Column column = expression.label().equals("VAR") ? inner.columns().get((int) expression.number("varattno")) : null;
                if (column != null) {
                    shown.put(number, column);
                }
            });
            leaves.add(new Leaf(inner.query(), shown));
        }
        return leaves;
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
