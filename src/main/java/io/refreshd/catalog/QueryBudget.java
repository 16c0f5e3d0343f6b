package io.refreshd.catalog;

/**
 * Bounds the queries that one analysis of a view looks into. A plain view that reads another one twice doubles them at each level, and
 * whoever may create views decides how many levels there are.
 */
final class QueryBudget {
    private static final int MOST = 1_000;

    private int taken;

    /** Takes one more query. @return whether that is too many */
    boolean isExceeded() {
        return ++taken > MOST;
    }
}
