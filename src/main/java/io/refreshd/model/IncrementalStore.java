package io.refreshd.model;

import java.util.List;
import java.util.Objects;

/**
 * Where the rows of an incremental view are kept, and by which columns its rows are recomputed.
 *
 * @param store the table that holds the rows
 * @param definition the plain view with the defining query; it has the same columns as the table
 * @param recomputeKey numbers of the table's columns, from 1
 */
public record IncrementalStore(ViewId store, ViewId definition, List<Integer> recomputeKey) {
    public IncrementalStore {
        Objects.requireNonNull(store);
        Objects.requireNonNull(definition);
        recomputeKey = List.copyOf(recomputeKey);
    }
}
