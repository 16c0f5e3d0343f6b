package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Items;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * An entry of FROM whose rows are computed for each row that stands beside it: of a function, of VALUES, or of a sub-select that refers to
 * columns of other entries (LATERAL).
 *
 * <p>Invariant: what a row of the result holds of such an entry depends on the row's other columns and, for a sub-select, on the tables
 * that the sub-select reads.
 */
record ComputedEntry(Node entry) {
    // The server's RTEKind.
    private static final String SUB_SELECT = "1";
    private static final String FUNCTION = "3";
    private static final String VALUES = "5";

    /** @return empty if the entry is none */
    static Optional<ComputedEntry> of(RangeTable rangeTable, int index) {
        return rangeTable
                .entry(index)
                .filter(entry -> entry.is("rtekind", FUNCTION)
                        || entry.is("rtekind", VALUES)
                        || (entry.is("rtekind", SUB_SELECT)
                                && rangeTable
                                        .subquery(index)
                                        .filter(ComputedEntry::isCorrelated)
                                        .isPresent()))
                .map(ComputedEntry::new);
    }

    /** Whether a query refers to columns of a query around it. */
    static boolean isCorrelated(Node query) {
        return refersOut(query, -1);
    }

    /** @param level how many queries of the part lie around it, less one */
    private static boolean refersOut(Part part, int level) {
        if (part instanceof Items items) {
            return items.parts().stream().anyMatch(item -> refersOut(item, level));
        }
        if (!(part instanceof Node node)) {
            return false;
        }
        if (node.label().equals("VAR") && node.number("varlevelsup") > level) {
            return true;
        }
        int below = node.label().equals("QUERY") ? level + 1 : level;
        return node.fields().values().stream()
                .anyMatch(field -> field.stream().anyMatch(inside -> refersOut(inside, below)));
    }

    /** The entries of the query to whose columns it refers. */
    Set<Integer> references() {
        Set<Integer> found = new HashSet<>();
        for (String field : List.of("subquery", "functions", "values_lists")) {
            entry.all(field).forEach(part -> OwnReferences.visit(part, node -> found.add((int) node.number("varno"))));
        }
        return found;
    }

    /** Whether the query uses its columns. A column that a join has merged may be one of them. @param index its number */
    boolean isUsed(int index, List<Part> targets, JoinTree joins, RangeTable rangeTable) {
        boolean[] used = {joins.isReferenced(index)};
        targets.forEach(part -> OwnReferences.visit(part, variable -> {
            int other = (int) variable.number("varno");
            used[0] |= other == index
                    || rangeTable
                            .entry(other)
                            .filter(join -> join.is("rtekind", "2"))
                            .isPresent();
        }));
        return used[0];
    }

    /** The sub-select, which has a value for each row as a sub-query in an expression has. */
    Optional<SubLink> subSelect(boolean nullable) {
        return entry.is("rtekind", SUB_SELECT) && entry.all("subquery").getFirst() instanceof Node query
                ? Optional.of(SubLink.ofFrom(query, nullable))
                : Optional.empty();
    }

    /** @throws UnsupportedQueryException if the arguments of a function, or the values, hold more than columns and constants */
    void check() throws UnsupportedQueryException {
        for (Part part : entry.items("functions")) {
            for (Part function : part instanceof Node node ? node.all("funcexpr") : List.<Part>of()) {
                List<Part> inside =
                        function instanceof Node node && node.label().equals("FUNCEXPR")
                                ? node.all("args")
                                : List.of(function);
                for (Part argument : inside) {
                    SafeExpressions.check(argument, QueryPurpose.KEPT);
                }
            }
        }
        for (Part values : entry.all("values_lists")) {
            SafeExpressions.check(values, QueryPurpose.KEPT);
        }
    }
}
