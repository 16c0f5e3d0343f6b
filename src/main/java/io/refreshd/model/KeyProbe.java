package io.refreshd.model;

import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Rows of a view to be compared with its definition: those that stem from the changed rows of one table.
 *
 * @param positions the view's columns, from 1, that carry the table's key
 * @param types what the keys are cast to, ready for SQL
 * @param keys old and new keys in text form
 */
public record KeyProbe(TableId table, List<Integer> positions, List<String> types, Set<List<String>> keys) {
    public KeyProbe {
        Objects.requireNonNull(table);
        positions = List.copyOf(positions);
        types = List.copyOf(types);
        keys = Set.copyOf(keys);
    }
}
