package io.refreshd.capture;

import io.refreshd.model.TableId;
import java.util.List;

/**
 * A table as pgoutput announces it (a Relation message) before the table's first row.
 *
 * @param columns the published columns, in the order in which rows hold them
 * @param identity indexes of the columns of the replica identity, which old rows hold
 * @param full REPLICA IDENTITY FULL: old rows are always sent, whole
 */
record Relation(TableId table, List<String> columns, List<Integer> identity, boolean full) {
    Relation {
        columns = List.copyOf(columns);
        identity = List.copyOf(identity);
    }
}
