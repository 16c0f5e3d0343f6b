package io.refreshd.catalog;

import java.util.List;

/**
 * The key by which a view's rows are found that stem from given rows of a table.
 *
 * @param columns the table's columns that identify a row
 * @param positions the numbers, from 1, of the view's columns that show them
 * @param types the types of the columns, as SQL for a cast
 * @param indexed whether an index of the view begins with these columns, so that finding a row costs a few pages
 */
public record LookupKey(List<String> columns, List<Integer> positions, List<String> types, boolean indexed) {
    public LookupKey {
        columns = List.copyOf(columns);
        positions = List.copyOf(positions);
        types = List.copyOf(types);
    }
}
