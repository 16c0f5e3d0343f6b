package io.refreshd.model;

import java.util.List;
import java.util.Objects;

/**
 * A comparison of a column with a bound that moves with time, in the query of an incremental view. When time passes, it gives another
 * result for the rows whose value lies between the former bound and the present one: to the view these rows have changed.
 *
 * @param table as the view's query names it: a partitioned table, not a partition
 * @param column name of the compared column
 * @param columnType its type: date, timestamp or timestamptz
 * @param bound the SQL of the bound, which names built-in functions alone
 * @param boundType its type, one of the same
 * @param comparison name of the built-in function behind the operator
 * @param columnFirst whether the column is the first argument
 * @param lookups how a changed row of the table leads to the rows of the view, without keys; empty: a change recomputes everything
 * @param columns for each look-up: names of the table's columns that hold its key
 */
public record ClockBound(
        TableId table,
        String column,
        String columnType,
        String bound,
        String boundType,
        String comparison,
        boolean columnFirst,
        List<KeyLookup> lookups,
        List<List<String>> columns) {
    public ClockBound {
        Objects.requireNonNull(table);
        Objects.requireNonNull(column);
        Objects.requireNonNull(bound);
        lookups = List.copyOf(lookups);
        columns = columns.stream().map(List::copyOf).toList();
    }
}
