package io.refreshd.model;

import java.util.List;
import java.util.Objects;

/**
 * A table that stands between a changed row and the rows of a view. Its rows are taken as they are now.
 *
 * @param table as the view's query names it: a partitioned table, not a partition
 * @param by the column whose value leads to the table's rows
 * @param columns the columns of these rows whose values lead further
 */
public record JoinStep(TableId table, String by, List<String> columns) {
    public JoinStep {
        Objects.requireNonNull(table);
        Objects.requireNonNull(by);
        columns = List.copyOf(columns);
    }
}
