package io.refreshd.model;

import java.time.Instant;
import java.util.Map;
import java.util.Objects;

/**
 * What one committed transaction did to one table, or several that did the same, as far as one batch of the stream tells: rows are
 * counted, not kept, so a transaction of any size costs the same.
 *
 * @param xids of the transactions; at least one
 * @param rows how many rows each operation touched; a TRUNCATE counts as one
 * @param columns the columns that may differ now; {@link ChangedColumns#ALL} for anything but an UPDATE with both images
 * @param touched which rows, if they are few
 * @param committedAt the time of the first commit by the server's clock
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
