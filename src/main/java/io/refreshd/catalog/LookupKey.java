package io.refreshd.catalog;

import io.refreshd.model.ChangedRows;
import io.refreshd.model.JoinStep;
import java.util.List;

/**
 * Columns of a view by which the rows are found that stem from given rows of a table, or depend on them.
 *
 * @param columns the table's columns that identify a row; or one column whose values, old and new, tell which rows of the view depend on
 *     a row
 * @param positions the numbers, from 1, of the view's columns that show them
 * @param types the types of the columns, as SQL for a cast
 * @param mostKeys how many rows are worth looking up one by one; beyond, a refresh costs less
 * @param indexed whether an index of the view begins with these columns, so that finding a row costs a few pages
 * @param byValue whether the column does not identify a row: rows of the view that have the value may stem from any row
 * @param joins the tables that lead from the columns' values to those that the view's columns show; none if these are the same values
 * @param map the number of the map in which the rows are found whose groups the view holds; 0: they are found in the view. The view itself
 *     cannot be asked for rows of a map, so that no index of the view begins with the columns
 */
public record LookupKey(
        List<String> columns,
        List<Integer> positions,
        List<String> types,
        int mostKeys,
        boolean indexed,
        boolean byValue,
        List<JoinStep> joins,
        int map) {
    /** A key by which rows are found in the view itself. */
    public LookupKey(
            List<String> columns,
            List<Integer> positions,
            List<String> types,
            int mostKeys,
            boolean indexed,
            boolean byValue,
            List<JoinStep> joins) {
        this(columns, positions, types, mostKeys, indexed, byValue, joins, 0);
    }

    /** A key for a view that is refreshed by REFRESH. */
    public LookupKey(
            List<String> columns, List<Integer> positions, List<String> types, boolean indexed, boolean byValue) {
        this(columns, positions, types, ChangedRows.LIMIT, indexed, byValue, List.of());
    }

    public LookupKey {
        columns = List.copyOf(columns);
        positions = List.copyOf(positions);
        types = List.copyOf(types);
        joins = List.copyOf(joins);
    }

    public LookupKey(List<String> columns, List<Integer> positions, List<String> types, boolean indexed) {
        this(columns, positions, types, indexed, false);
    }

    static LookupKey byValue(String column, int position, String type, boolean indexed) {
        return new LookupKey(List.of(column), List.of(position), List.of(type), indexed, true);
    }

    /** The same key, by which rows are found in a map. */
    LookupKey inMap(int number) {
        return new LookupKey(columns, positions, types, mostKeys, false, byValue, joins, number);
    }
}
