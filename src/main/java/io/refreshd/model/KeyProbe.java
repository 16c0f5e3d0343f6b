package io.refreshd.model;

import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * A lookup by key: names the rows of a view that stem from changed rows of one table, to compare them with the view's definition.
 *
 * @param table the table whose rows changed
 * @param positions the numbers, from 1, of the view's columns that show the table's key
 * @param types the types, as SQL, to which the keys are cast
 * @param keys the old and new keys of the changed rows, in text form
 * @param joins the tables that lead from these keys to what the view's columns show, from the changed table on; none if the columns
 *     show the keys themselves
 */
public record KeyProbe(
        TableId table, List<Integer> positions, List<String> types, Set<List<String>> keys, List<JoinStep> joins) {
    public KeyProbe {
        Objects.requireNonNull(table);
        positions = List.copyOf(positions);
        types = List.copyOf(types);
        keys = Set.copyOf(keys);
        joins = List.copyOf(joins);
    }

    /** Keys that the view's columns show themselves. */
    public KeyProbe(TableId table, List<Integer> positions, List<String> types, Set<List<String>> keys) {
        this(table, positions, types, keys, List.of());
    }

    public KeyProbe withKeys(Set<List<String>> other) {
        return new KeyProbe(table, positions, types, other, joins);
    }
}
