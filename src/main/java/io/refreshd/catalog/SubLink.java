package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Items;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A sub-query in an expression: of EXISTS, of IN, or a scalar one; or a sub-select in FROM that correlates.
 *
 * @param query the sub-query
 * @param comparison how IN compares with the column of the sub-query; empty for the others
 * @param onlyTruth whether NULL and false make no difference, as in WHERE
 * @param outer whether an outer join may put a row with NULLs in the place of a row for which the expression is not true
 * @param notCompared why rows with its value cannot be compared; empty if they can
 */
record SubLink(Node query, Optional<Node> comparison, boolean onlyTruth, boolean outer, Optional<String> notCompared) {
    /** One whose rows can be compared. */
    SubLink(Node query, Optional<Node> comparison, boolean onlyTruth, boolean outer) {
        this(query, comparison, onlyTruth, outer, Optional.empty());
    }

    /**
     * A sub-query at its place in a view's query.
     *
     * @param around the query that holds the expression: the view's, or one that was flattened into it
     */
    record Placed(SubLink subLink, SelectProjectJoin around) {}

    // The server's SubLinkType.
    private static final int EXISTS = 0;
    private static final int ALL = 1;
    private static final int ANY = 2;
    private static final int ROW_COMPARISON = 3;
    private static final int SCALAR = 4;
    private static final int ARRAY = 6;

    /**
     * The sub-queries in a condition of WHERE or ON.
     *
     * @throws UnsupportedQueryException if one is of another kind
     */
    static List<SubLink> inCondition(Part condition, boolean outer) throws UnsupportedQueryException {
        List<SubLink> found = new ArrayList<>();
        collect(condition, true, outer, true, found);
        return found;
    }

    /**
     * The sub-queries in the expression of a column.
     *
     * @throws UnsupportedQueryException if one is of another kind
     */
    static List<SubLink> inColumn(Part expression) throws UnsupportedQueryException {
        List<SubLink> found = new ArrayList<>();
        collect(expression, false, false, true, found);
        return found;
    }

    /**
     * The sub-queries in an expression of a sub-query that {@link SubQueryReads} has examined.
     *
     * @param condition whether it is one of WHERE or ON
     */
    static List<SubLink> inside(Part expression, boolean condition) {
        List<SubLink> found = new ArrayList<>();
        try {
            collect(expression, condition, false, false, found);
        } catch (UnsupportedQueryException e) {
            throw new IllegalStateException("a sub-query that was examined before", e);
        }
        return found;
    }

    /** The sub-query of a view or sub-select, as part of the query that reads it. */
    SubLink below(boolean nullable) {
        return new SubLink(query, comparison, onlyTruth, outer || nullable, notCompared);
    }

    /** A sub-select in FROM. @param nullable whether it is on the nullable side of an outer join */
    static SubLink ofFrom(Node query, boolean nullable) {
        return new SubLink(
                query, Optional.empty(), false, nullable, Optional.of("its query holds a LATERAL sub-select"));
    }

    private static boolean isOfAnyKind(Node node) {
        long kind = node.number("subLinkType");
        return isOfKnownKind(node) || kind == ALL || kind == ROW_COMPARISON || kind == ARRAY;
    }

    /** Whether the sub-query's value does not depend on the order of its rows, as that of ARRAY does. */
    static boolean isOfKnownKind(Node node) {
        long kind = node.number("subLinkType");
        return kind == EXISTS || kind == ANY || kind == SCALAR;
    }

    /** @param ofRows whether a scalar sub-query has to differ from row to row */
    private static void collect(Part part, boolean onlyTruth, boolean outer, boolean ofRows, List<SubLink> found)
            throws UnsupportedQueryException {
        if (part instanceof Items items) {
            for (Part item : items.parts()) {
                collect(item, onlyTruth, outer, ofRows, found);
            }
        } else if (part instanceof Node node && node.label().equals("SUBLINK")) {
            found.add(of(node, onlyTruth, outer, ofRows));
            for (Part inside : node.all("testexpr")) {
                collect(inside, false, outer, ofRows, found);
            }
        } else if (part instanceof Node node) {
            boolean monotone = onlyTruth
                    && node.label().equals("BOOLEXPR")
                    && (node.is("boolop", "and") || node.is("boolop", "or"));
            for (List<Part> field : node.fields().values()) {
                for (Part inside : field) {
                    collect(inside, monotone, outer, ofRows, found);
                }
            }
        }
    }

    private static SubLink of(Node node, boolean onlyTruth, boolean outer, boolean ofRows)
            throws UnsupportedQueryException {
        int kind = (int) node.number("subLinkType");
        if (node.all("subselect").size() != 1
                || !(node.all("subselect").getFirst() instanceof Node query)
                || !query.label().equals("QUERY")
                || !isOfAnyKind(node)) {
            throw new UnsupportedQueryException(
                    "its query holds a sub-query in an expression of a kind that is not known");
        }
        Optional<String> notCompared = Optional.empty();
        if (!isOfKnownKind(node)) {
            notCompared = Optional.of(
                    "its query holds a sub-query in an expression that is neither EXISTS nor IN nor a scalar one");
        } else if (ofRows
                && kind == SCALAR
                && RequiredConditions.of(query).stream().noneMatch(SubLink::refersToOuterQuery)) {
            notCompared = Optional.of("its query holds a scalar sub-query that is the same for all rows, so that each"
                    + " look-up would compute it as a whole");
        }
        if (kind == ANY
                && node.all("testexpr").size() == 1
                && node.all("testexpr").getFirst() instanceof Node comparison) {
            return new SubLink(query, Optional.of(comparison), onlyTruth, outer, notCompared);
        }
        return new SubLink(query, Optional.empty(), onlyTruth, outer, notCompared);
    }

    private static boolean refersToOuterQuery(Node condition) {
        boolean[] refers = new boolean[1];
        condition.visit(node -> refers[0] |= node.label().equals("VAR") && node.is("varlevelsup", "1"));
        return refers[0];
    }
}
