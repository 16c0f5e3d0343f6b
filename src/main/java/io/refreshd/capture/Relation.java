package io.refreshd.capture;

import io.refreshd.model.TableId;
import java.util.List;

/**
 * A table as the stream announces it before its first row.
 *
 * @param columns the published ones, in stream order
 * @param identity indexes of those that old rows tell of
 * @param full whether old rows are always sent, whole
 */
record Relation(TableId table, List<String> columns, List<Integer> identity, boolean full) {
    Relation {
        columns = List.copyOf(columns);
        identity = List.copyOf(identity);
    }
}
