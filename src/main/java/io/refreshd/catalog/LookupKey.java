package io.refreshd.catalog;

import io.refreshd.model.ChangedRows;
import java.util.List;

/**
 * The key by which a view's rows are found that stem from given rows of a table.
 *
 * @param columns the table's columns that identify a row
 * @param positions the numbers, from 1, of the view's columns that show them
 * @param types the types of the columns, as SQL for a cast
 * @param mostKeys how many rows are worth looking up one by one; beyond, a refresh costs less
 * @param indexed whether an index of the view begins with these columns, so that finding a row costs a few pages
 */
public record LookupKey(
        List<String> columns, List<Integer> positions, List<String> types, int mostKeys, boolean indexed) {
    /** A key for a view that is refreshed by REFRESH. */
    public LookupKey(List<String> columns, List<Integer> positions, List<String> types, boolean indexed) {
        this(columns, positions, types, ChangedRows.LIMIT, indexed);
    }

    public LookupKey {
        columns = List.copyOf(columns);
        positions = List.copyOf(positions);
        types = List.copyOf(types);
    }
}
