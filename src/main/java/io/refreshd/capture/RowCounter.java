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
 * Counts the rows of one table in one transaction, and notes which columns UPDATEs altered. Values are compared as the bytes
 * the server sent and never parsed: nobody reads them, and a value that cannot be parsed cannot stop the stream.
 */
final class RowCounter {
    private static final Operation[] OPERATIONS = Operation.values();
    private static final int NEW_TUPLE = 'N';
    private static final int OLD_TUPLE = 'O';
    private static final int UNCHANGED_TOAST = 'u';
    private static final int NULL = 'n';

    /** So many rows and bytes at most wait until it is known whether they matter. */
    private static final int PUT_OFF_ROWS = 100;

    private static final int PUT_OFF_BYTES = 64 * 1024;

    private final ColumnPlaces places;
    private final long[] rows = new long[OPERATIONS.length];
    private final BitSet changed = new BitSet();
    /** Updates of a transaction that has touched nothing but what no view reads so far: if it stays so, none of them matters. */
    private final List<ByteBuffer> putOff = new ArrayList<>(1);

    private int putOffBytes;
    private boolean onlyUnread = true;
    private @Nullable RowCollector collector;
    private boolean allColumns;

    RowCounter(ColumnPlaces places) {
        this.places = places;
    }

    void count(Operation operation) {
        rows[operation.ordinal()]++;
        allColumns = true;
        if (operation == Operation.TRUNCATE) {
            collector().giveUp();
        }
    }

    /** From the first row on that matters all of them count, also those before it: which of them do is for others to say. */
    private RowCollector collector() {
        RowCollector known = collector;
        if (known == null) {
            known = new RowCollector(places);
            collector = known;
            putOff.forEach(known::takeUpdate);
            putOff.clear();
        }
        return known;
    }

    /** @param tuple stands behind the relation's id */
    void countRow(Operation operation, ByteBuffer tuple) {
        count(operation);
        collector().takeOne(tuple);
    }

    void doubtColumns() {
        allColumns = true;
        collector().giveUp();
    }

    /** @param tuples stands behind the relation's id: an optional old tuple, then the new one */
    void countUpdate(ByteBuffer tuples) {
        rows[Operation.UPDATE.ordinal()]++;
        // 'O' is the whole old row, sent under REPLICA IDENTITY FULL. Of 'K' only the key is sent, else nulls.
        if (!allColumns && (tuples.get(tuples.position()) != OLD_TUPLE || !compare(tuples))) {
            allColumns = true;
        }
        if (collector == null
                && onlyUnread
                && !allColumns
                && putOff.size() < PUT_OFF_ROWS
                && putOffBytes < PUT_OFF_BYTES) {
            putOff.add(tuples);
            putOffBytes += tuples.remaining();
        } else {
            collector().takeUpdate(tuples);
        }
    }

    /** Whether the two rows could be compared. On the array that the driver's buffers have: this is done for each row that is updated. */
    private boolean compare(ByteBuffer tuples) {
        byte[] bytes = tuples.array();
        int at = tuples.arrayOffset() + tuples.position() + 1;
        int width = places.unread().length;
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
            // An unchanged TOAST value: the update kept the pointer to what is stored, so the value is the old one.
            if (bytes[at] != UNCHANGED_TOAST && !Arrays.equals(bytes, olds[i], olds[i + 1], bytes, at, end)) {
                changed.set(i);
                onlyUnread &= places.unread()[i];
            }
            at = end;
        }
        return true;
    }

    private static int count(byte[] bytes, int at) {
        return ((bytes[at] & 0xff) << 8) | (bytes[at + 1] & 0xff);
    }

    /** @return where the value that begins there ends: one byte for its kind, then its length and its bytes if it has any */
    private static int end(byte[] bytes, int start) {
        if (bytes[start] == NULL || bytes[start] == UNCHANGED_TOAST) {
            return start + 1;
        }
        int length = (count(bytes, start + 1) << 16) | count(bytes, start + 3);
        return start + 1 + Integer.BYTES + length;
    }

    TableTally total() {
        // All but updates have a collector.
        if (collector == null && !allColumns && rows[Operation.UPDATE.ordinal()] == 1) {
            return places.oneUpdate(changed);
        }
        Map<Operation, Long> counts = new EnumMap<>(Operation.class);
        for (Operation operation : OPERATIONS) {
            if (rows[operation.ordinal()] > 0) {
                counts.put(operation, rows[operation.ordinal()]);
            }
        }
        return new TableTally(
                places.relation().table(),
                counts,
                allColumns ? ChangedColumns.ALL : places.oneUpdate(changed).columns(),
                collector == null ? ChangedRows.UNKNOWN : collector.collected());
    }
}
