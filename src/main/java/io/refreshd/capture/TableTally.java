package io.refreshd.capture;

import io.refreshd.model.ChangedColumns;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.Operation;
import io.refreshd.model.TableId;
import java.util.Map;
import java.util.Objects;

/**
 * What one transaction did to one table.
 *
 * @param rows rows by operation
 * @param columns the columns that may differ now
 * @param touched which rows, if that is known
 */
record TableTally(TableId table, Map<Operation, Long> rows, ChangedColumns columns, ChangedRows touched) {
    TableTally {
        Objects.requireNonNull(table);
        rows = Map.copyOf(rows);
        Objects.requireNonNull(columns);
        Objects.requireNonNull(touched);
    }

    /** A tally of rows that are not known. */
    TableTally(TableId table, Map<Operation, Long> rows, ChangedColumns columns) {
        this(table, rows, columns, ChangedRows.UNKNOWN);
    }
}
