package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The columns of a grouped sub-select that decide, in the rows that another query groups, which rows there are and to which group they
 * belong.
 *
 * @param query reads the sub-select
 * @param entry its number in the range table
 */
record MappedColumns(Node query, int entry) {
    /**
     * Checks that the order in which the server reads rows decides about none of these columns. Otherwise a group might be computed from
     * other rows than those that its map tells.
     *
     * @throws UnsupportedQueryException if it may decide
     */
    void check(PlacedQuery.InFrom inner, CatalogIndex catalogIndex) throws UnsupportedQueryException {
        Set<Integer> same =
                new OrderlessQuery(catalogIndex).columns(inner.query().query());
        for (int number = 1; number <= inner.columns().size(); number++) {
            if (!same.contains(number) && isUsed(number)) {
                throw new UnsupportedQueryException("groups rows by a column of " + inner.name()
                        + ", or joins or filters them by one, that may depend on the order in which rows are read ("
                        + inner.columns().get(number - 1) + ")");
            }
        }
        if (same.isEmpty()) {
            throw new UnsupportedQueryException(
                    "groups the rows of " + inner.name() + ", which may depend on the order in which rows are read");
        }
    }

    private boolean isUsed(int number) {
        boolean[] used = new boolean[1];
        for (String field : new TreeSet<>(Set.of("targetList", "jointree"))) {
            query.all(field).forEach(part -> OwnReferences.visit(part, variable -> used[0] |= is(variable, number)));
        }
        return used[0];
    }

    /** A column that a join has merged, or the row as a whole, may be any. */
    private boolean is(Node variable, int number) {
        int varno = (int) variable.number("varno");
        @Nullable Node other = varno >= 1
                        && varno <= query.items("rtable").size()
                        && query.items("rtable").get(varno - 1) instanceof Node node
                ? node
                : null;
        return other == null
                || other.is("rtekind", "2")
                || (varno == entry && (variable.number("varattno") == number || variable.number("varattno") == 0));
    }
}
