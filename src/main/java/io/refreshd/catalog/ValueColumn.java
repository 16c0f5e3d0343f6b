package io.refreshd.catalog;

import io.refreshd.model.TableId;
import java.util.Objects;

/**
 * A column of a table whose values lead from changed rows to rows of an incremental view, and whose old values the log does not hold. A
 * map of the table's key to this column holds them instead.
 */
public record ValueColumn(TableId table, String column) {
    public ValueColumn {
        Objects.requireNonNull(table);
        Objects.requireNonNull(column);
    }
}
