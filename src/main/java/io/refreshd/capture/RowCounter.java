package io.refreshd.capture;

import io.refreshd.model.ChangedColumns;
import io.refreshd.model.Operation;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * Counts the rows of one table in one transaction, and notes which columns UPDATEs altered. Values are compared as the bytes
 * the server sent and never parsed: nobody reads them, and a value that cannot be parsed cannot stop the stream.
 */
final class RowCounter {
    private static final int NEW_TUPLE = 'N';
    private static final int OLD_TUPLE = 'O';
    private static final int UNCHANGED_TOAST = 'u';
    private static final int NULL = 'n';

    private final Relation relation;
    private final long[] rows = new long[Operation.values().length];
    private final BitSet changed = new BitSet();
    private final RowCollector collector;
    private boolean allColumns;

    RowCounter(ColumnPlaces places) {
        this.relation = places.relation();
        this.collector = new RowCollector(places);
    }

    void count(Operation operation) {
        rows[operation.ordinal()]++;
        allColumns = true;
        if (operation == Operation.TRUNCATE) {
            collector.giveUp();
        }
    }

    /** @param tuple stands behind the relation's id */
    void countRow(Operation operation, ByteBuffer tuple) {
        count(operation);
        collector.takeOne(tuple);
    }

    void doubtColumns() {
        allColumns = true;
        collector.giveUp();
    }

    /** @param tuples stands behind the relation's id: an optional old tuple, then the new one */
    void countUpdate(ByteBuffer tuples) {
        rows[Operation.UPDATE.ordinal()]++;
        collector.takeUpdate(tuples.duplicate());
        if (allColumns) {
            return;
        }
        // 'O' is the whole old row, sent under REPLICA IDENTITY FULL. 'K' is the old key only, its other columns sent
        // as
        // nulls: nothing can be learnt from those.
        if (tuples.get() != OLD_TUPLE || !compare(tuples)) {
            allColumns = true;
        }
    }

    /** Whether the two rows could be compared. */
    private boolean compare(ByteBuffer tuples) {
        int width = relation.columns().size();
        if (tuples.getShort() != width) {
            return false;
        }
        int[] kinds = new int[width];
        int[] starts = new int[width];
        int[] lengths = new int[width];
        for (int i = 0; i < width; i++) {
            kinds[i] = tuples.get();
            lengths[i] = lengthOf(kinds[i], tuples);
            starts[i] = tuples.position();
            tuples.position(starts[i] + lengths[i]);
        }
        if (tuples.get() != NEW_TUPLE || tuples.getShort() != width) {
            return false;
        }
        for (int i = 0; i < width; i++) {
            int kind = tuples.get();
            int length = lengthOf(kind, tuples);
            int start = tuples.position();
            tuples.position(start + length);
            if (kind == UNCHANGED_TOAST) {
                continue; // the update kept the pointer to the stored value, so the value is the old one
            }
            boolean same = kind == kinds[i]
                    && length == lengths[i]
                    && (length == 0 || tuples.slice(start, length).equals(tuples.slice(starts[i], length)));
            if (!same) {
                changed.set(i);
            }
        }
        return true;
    }

    private static int lengthOf(int kind, ByteBuffer tuples) {
        return kind == NULL || kind == UNCHANGED_TOAST ? 0 : tuples.getInt();
    }

    TableTally total() {
        Map<Operation, Long> counts = new EnumMap<>(Operation.class);
        for (Operation operation : Operation.values()) {
            if (rows[operation.ordinal()] > 0) {
                counts.put(operation, rows[operation.ordinal()]);
            }
        }
        return new TableTally(
                relation.table(), counts, allColumns ? ChangedColumns.ALL : changedColumns(), collector.collected());
    }

    private ChangedColumns changedColumns() {
        Set<String> names = new LinkedHashSet<>();
        changed.stream().forEach(i -> names.add(relation.columns().get(i)));
        return ChangedColumns.of(names);
    }
}
