package io.refreshd.catalog;

/**
 * Bounds the queries that one analysis of a view looks into. A plain view that reads another one twice doubles them at each level, and
 * whoever may create views decides how many levels there are.
 */
final class QueryBudget {
    private static final int MOST = 1_000;

    /** Views may read each other in a cycle, and an analysis calls itself for each level. */
    private static final int DEEPEST = 20;

    private int taken;

    /**
     * Takes one more query.
     *
     * @param depth how many queries lie around it
     * @return whether that is too many
     */
    boolean isExceeded(int depth) {
        return ++taken > MOST || depth > DEEPEST;
    }

    /** The same for all queries within one: each of those that are left is refused. */
    static UnsupportedQueryException exceeded() {
        return new UnsupportedQueryException("its query reads more than " + MOST
                + " plain views and sub-queries, or through more than " + DEEPEST + " of them");
    }
}
