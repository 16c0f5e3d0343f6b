package io.refreshd.model;

import java.time.Instant;
import java.util.Map;
import java.util.Objects;

/**
 * What one committed transaction did to one table in one batch of the stream. Several transactions that did the same may share a
 * change. Rows are counted, not kept, so that a transaction of any size takes the same memory.
 *
 * @param xids the transactions; at least one
 * @param rows how many rows each operation touched; a TRUNCATE counts as one row
 * @param columns the columns that may have changed; {@link ChangedColumns#ALL} unless each change is an UPDATE of which the log holds
 *     the old and the new row
 * @param touched what is known of the rows, if they are few
 * @param committedAt when the first of the transactions committed, by the server's clock
 */
public record Change(
        TableId table,
        Xids xids,
        Map<Operation, Long> rows,
        ChangedColumns columns,
        ChangedRows touched,
        Instant committedAt) {
    public Change {
        Objects.requireNonNull(table);
        Objects.requireNonNull(xids);
        Objects.requireNonNull(columns);
        Objects.requireNonNull(committedAt);
        Objects.requireNonNull(touched);
        rows = Map.copyOf(rows);
    }

    public Change(
            TableId table,
            Xid xid,
            Map<Operation, Long> rows,
            ChangedColumns columns,
            ChangedRows touched,
            Instant committedAt) {
        this(table, Xids.of(xid), rows, columns, touched, committedAt);
    }

    /** A change of rows that are not known. */
    public Change(TableId table, Xid xid, Map<Operation, Long> rows, ChangedColumns columns, Instant committedAt) {
        this(table, xid, rows, columns, ChangedRows.UNKNOWN, committedAt);
    }
}
