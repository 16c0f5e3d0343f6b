package io.refreshd.capture;

import io.refreshd.model.ChangedColumns;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.Operation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Counts the rows of one table in one transaction, and notes which columns UPDATEs altered. Values are compared as the bytes that
 * the server sent and never parsed: nobody reads them, and so a value that cannot be parsed cannot stop the stream.
 */
final class RowCounter {
    private static final Operation[] OPERATIONS = Operation.values();
    private static final int NEW_TUPLE = 'N';
    private static final int OLD_TUPLE = 'O';
    private static final int UNCHANGED_TOAST = 'u';
    private static final int NULL = 'n';

    /** Most rows, and most bytes, that wait until it is known whether rows are to be remembered. */
    private static final int DEFERRED_ROWS = 100;

    private static final int DEFERRED_BYTES = 64 * 1024;

    private final RowLayout layout;
    private final RowRoom room;
    private final long[] rows = new long[OPERATIONS.length];
    private final BitSet changed = new BitSet();
    /** Updates of a transaction that altered only columns that no view reads so far. If it stays so, none of their rows is remembered. */
    private final List<ByteBuffer> deferred = new ArrayList<>(1);

    private int deferredBytes;
    private boolean onlyUnread = true;
    private @Nullable RowCollector collector;
    private boolean allColumns;

    /** @param room of the transaction */
    RowCounter(RowLayout layout, RowRoom room) {
        this.layout = layout;
        this.room = room;
    }

    void count(Operation operation) {
        rows[operation.ordinal()]++;
        allColumns = true;
        if (operation == Operation.TRUNCATE) {
            collector().giveUp();
        }
    }

    /**
     * Made at the first row that is to be remembered. All rows of the transaction are remembered then, also the deferred ones:
     * which of them concern a view is not decided here.
     */
    private RowCollector collector() {
        RowCollector known = collector;
        if (known == null) {
            known = new RowCollector(layout, room);
            collector = known;
            deferred.forEach(known::takeUpdate);
            deferred.clear();
        }
        return known;
    }

    /** @param tuple positioned behind the relation's id */
    void countRow(Operation operation, ByteBuffer tuple) {
        count(operation);
        collector().takeOne(tuple);
    }

    /** Gives up what is known of columns: from now on every column may differ, and no row is known. */
    void invalidateColumns() {
        allColumns = true;
        collector().giveUp();
    }

    /** @param tuples positioned behind the relation's id: an optional old tuple, then the new one */
    void countUpdate(ByteBuffer tuples) {
        rows[Operation.UPDATE.ordinal()]++;
        // 'O' is the whole old row, sent under REPLICA IDENTITY FULL. 'K' holds the key only, and nulls for other
        // columns.
        if (!allColumns && (tuples.get(tuples.position()) != OLD_TUPLE || !compare(tuples))) {
            allColumns = true;
        }
        if (collector == null
                && onlyUnread
                && !allColumns
                && deferred.size() < DEFERRED_ROWS
                && tuples.remaining() <= DEFERRED_BYTES - deferredBytes) {
            deferred.add(tuples);
            deferredBytes += tuples.remaining();
        } else {
            collector().takeUpdate(tuples);
        }
    }

    /**
     * Notes the columns in which the two rows differ. Reads the array behind the driver's buffer, which is faster: every updated row comes
     * through here.
     *
     * @return whether the two rows could be compared
     */
    private boolean compare(ByteBuffer tuples) {
        byte[] bytes = tuples.array();
        int at = tuples.arrayOffset() + tuples.position() + 1;
        int width = layout.unread().length;
        if (count(bytes, at) != width) {
            return false;
        }
        at += Short.BYTES;
        int[] olds = new int[width + 1];
        for (int i = 0; i < width; i++) {
            olds[i] = at;
            at = end(bytes, at);
        }
        olds[width] = at;
        if (bytes[at] != NEW_TUPLE || count(bytes, at + 1) != width) {
            return false;
        }
        at += 1 + Short.BYTES;
        for (int i = 0; i < width; i++) {
            int end = end(bytes, at);
            // An unchanged TOAST value is the old value: the update kept the pointer to what is stored.
            if (bytes[at] != UNCHANGED_TOAST && !Arrays.equals(bytes, olds[i], olds[i + 1], bytes, at, end)) {
                changed.set(i);
                onlyUnread &= layout.unread()[i];
            }
            at = end;
        }
        return true;
    }

    private static int count(byte[] bytes, int at) {
        return ((bytes[at] & 0xff) << 8) | (bytes[at + 1] & 0xff);
    }

    /**
     * @return where the value that begins at {@code start} ends: one byte for its kind, then length and bytes unless it is null
     * or unchanged
     */
    private static int end(byte[] bytes, int start) {
        if (bytes[start] == NULL || bytes[start] == UNCHANGED_TOAST) {
            return start + 1;
        }
        int length = (count(bytes, start + 1) << 16) | count(bytes, start + 3);
        return start + 1 + Integer.BYTES + length;
    }

    TableTally total() {
        // Every operation but an UPDATE makes a collector, so this transaction updated one row.
        if (collector == null && !allColumns && rows[Operation.UPDATE.ordinal()] == 1) {
            return layout.oneUpdate(changed);
        }
        Map<Operation, Long> counts = new EnumMap<>(Operation.class);
        for (Operation operation : OPERATIONS) {
            if (rows[operation.ordinal()] > 0) {
                counts.put(operation, rows[operation.ordinal()]);
            }
        }
        return new TableTally(
                layout.relation().table(),
                counts,
                allColumns ? ChangedColumns.ALL : layout.oneUpdate(changed).columns(),
                collector == null ? ChangedRows.UNKNOWN : collector.collected());
    }
}
