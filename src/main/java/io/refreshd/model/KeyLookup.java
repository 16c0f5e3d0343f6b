package io.refreshd.model;

import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * A look-up by key: it names the rows of a view that stem from changed rows of one table, to compare them with the view's definition, or to
 * recompute them.
 *
 * @param table the table whose rows changed
 * @param positions the numbers, from 1, of the view's columns that show the table's key
 * @param types the types, as SQL, to which the keys are cast
 * @param keys the old and new keys of the changed rows, in text form
 * @param joins the tables that lead from these keys to what the view's columns show, from the changed table on; none if the columns
 *     show the keys themselves
 * @param map the number of the map in which the rows are looked up whose groups the view holds; 0: the rows are looked up in the view
 */
public record KeyLookup(
        TableId table,
        List<Integer> positions,
        List<String> types,
        Set<List<String>> keys,
        List<JoinStep> joins,
        int map) {
    public KeyLookup {
        Objects.requireNonNull(table);
        positions = List.copyOf(positions);
        types = List.copyOf(types);
        keys = Set.copyOf(keys);
        joins = List.copyOf(joins);
    }

    /** Keys that the view's columns show themselves. */
    public KeyLookup(TableId table, List<Integer> positions, List<String> types, Set<List<String>> keys) {
        this(table, positions, types, keys, List.of(), 0);
    }

    public KeyLookup withKeys(Set<List<String>> other) {
        return new KeyLookup(table, positions, types, other, joins, map);
    }
}
