package io.refreshd.catalog;

import java.util.List;

/**
 * A map of an incremental view, as the ledger holds it: which rows belong to which groups, or which values a column has.
 *
 * @param store oid of its table
 * @param definition oid of the plain view with its query
 * @param recomputeKey numbers of the columns of its table
 * @param positions numbers of the columns of the view's table, or of that of another map, that hold the key of the group, or the value
 * @param of the number of that map, from 1; 0: the view's
 * @param totals whether it is no map, but holds the totals of the groups of one
 * @param values whether it holds the values of a column by which rows of the view are found, and no groups
 */
public record IncrementalMap(
        long store,
        long definition,
        List<Integer> recomputeKey,
        List<Integer> positions,
        int of,
        boolean totals,
        boolean values) {
    public IncrementalMap {
        recomputeKey = List.copyOf(recomputeKey);
        positions = List.copyOf(positions);
    }
}
