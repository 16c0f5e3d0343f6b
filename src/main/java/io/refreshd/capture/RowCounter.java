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
        int start = tuples.position();
        // 'O' is the whole old row, sent under REPLICA IDENTITY FULL. Of 'K' only the key is sent, else nulls.
        if (!allColumns && (tuples.get() != OLD_TUPLE || !compare(tuples))) {
            allColumns = true;
        }
        tuples.position(start);
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

    /** Whether the two rows could be compared. */
    private boolean compare(ByteBuffer tuples) {
        int width = places.unread().length;
        if (tuples.getShort() != width) {
            return false;
        }
        int[] olds = new int[width];
        for (int i = 0; i < width; i++) {
            olds[i] = tuples.position();
            tuples.position(end(tuples, olds[i]));
        }
        if (tuples.get() != NEW_TUPLE || tuples.getShort() != width) {
            return false;
        }
        for (int i = 0; i < width; i++) {
            int start = tuples.position();
            tuples.position(end(tuples, start));
            // An unchanged TOAST value: the update kept the pointer to what is stored, so the value is the old one.
            if (tuples.get(start) != UNCHANGED_TOAST && !same(tuples, olds[i], start)) {
                changed.set(i);
                onlyUnread &= places.unread()[i];
            }
        }
        return true;
    }

    /** @return where the value that begins there ends: one byte for its kind, then its length and its bytes if it has any */
    private static int end(ByteBuffer tuples, int start) {
        int kind = tuples.get(start);
        return kind == NULL || kind == UNCHANGED_TOAST
                ? start + 1
                : start + 1 + Integer.BYTES + tuples.getInt(start + 1);
    }

    private static boolean same(ByteBuffer tuples, int one, int other) {
        int length = end(tuples, one) - one;
        if (end(tuples, other) - other != length) {
            return false;
        }
        // Without views of it, two for each column of each row: the driver's buffer has an array.
        byte[] bytes = tuples.array();
        int offset = tuples.arrayOffset();
        return Arrays.equals(
                bytes, offset + one, offset + one + length, bytes, offset + other, offset + other + length);
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
