package io.refreshd.catalog;

import java.util.List;

/**
 * How rows of a view are found that stem from given rows of a table.
 *
 * @param columns the table's columns that identify a row
 * @param positions the view's columns, from 1, that carry them
 * @param types their types, ready for a cast in SQL
 * @param indexed whether an index of the view finds them, so that it can be asked for a row at the price of a few pages
 */
public record ProbeKey(List<String> columns, List<Integer> positions, List<String> types, boolean indexed) {
    public ProbeKey {
        columns = List.copyOf(columns);
        positions = List.copyOf(positions);
        types = List.copyOf(types);
    }
}
