package io.refreshd.capture;

import io.refreshd.model.ChangedRows;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Collects keys and discriminating values of the rows, old and new, of one table in one transaction, as long as they are few.
 *
 * <p>Invariant: the room is bounded whatever the transaction's size. A collector that has given up reads nothing more.
 */
final class RowCollector {
    private static final int OLD_KEY = 'K';
    private static final int OLD_TUPLE = 'O';
    private static final int NEW_TUPLE = 'N';
    /** Longer values are not collected: they are hardly ever part of a key, or one value of few. In bytes. */
    private static final int LONGEST = 256;
    /** Stands for a value that exists but is not known. No text of PostgreSQL holds a zero character. */
    private static final String UNKNOWN = "\0";

    private final RowLayout layout;
    private final RowRoom room;
    private final Map<Integer, Set<String>> values = new HashMap<>();
    /** Indexes of columns of whose values only the new ones were sent, for one row at least. */
    private final Set<Integer> newOnly = new HashSet<>();

    private @Nullable Set<List<String>> keys;

    RowCollector(RowLayout layout, RowRoom room) {
        this.layout = layout;
        this.room = room;
        if (!layout.key().isEmpty()) {
            keys = new HashSet<>();
        }
        for (int i : layout.discriminators()) {
            values.put(i, new HashSet<>());
        }
    }

    /** Nothing is known of the rows from here on. */
    void giveUp() {
        keys = null;
        values.clear();
    }

    private boolean givenUp() {
        return keys == null && values.isEmpty();
    }

    /** @param tuple an inserted row, or what is sent of a deleted one */
    void takeOne(ByteBuffer tuple) {
        if (!givenUp()) {
            take(tuple, null);
        }
    }

    /** @param tuples what was sent of the old row, if anything, then the new row */
    void takeUpdate(ByteBuffer tuples) {
        if (givenUp()) {
            return;
        }
        if (tuples.get(tuples.position()) == NEW_TUPLE) {
            // No old row is sent if the columns of the replica identity did not change. Old values of other columns are
            // not known.
            if (layout.relation().full()) {
                giveUp();
                return;
            }
            markOldValuesUnknown();
            if (!layout.key().stream().allMatch(i -> layout.identity()[i])) {
                keys = null;
            }
            take(tuples, null);
            return;
        }
        @Nullable String[] old = take(tuples, null);
        if (!givenUp() && old != null) {
            take(tuples, old);
        }
    }

    private void markOldValuesUnknown() {
        values.keySet().stream().filter(i -> !layout.identity()[i]).forEach(newOnly::add);
    }

    /**
     * @param old the old row, which holds the value where the new one has an unchanged TOAST value; null: there is none
     * @return the row; null if it could not be read
     */
    private @Nullable String @Nullable [] take(ByteBuffer tuple, @Nullable String @Nullable [] old) {
        int kind = tuple.get();
        boolean whole = kind == OLD_TUPLE || kind == NEW_TUPLE;
        // Under REPLICA IDENTITY FULL the whole old row must come. A key alone contradicts what the table was announced
        // as.
        if ((!whole && (kind != OLD_KEY || layout.relation().full())) || tuple.getShort() != layout.read().length) {
            giveUp();
            return null;
        }
        if (!whole) {
            markOldValuesUnknown();
        }
        @Nullable String[] row = new String[layout.read().length];
        for (int i = 0; i < row.length; i++) {
            int form = tuple.get();
            int length = form == 't' || form == 'b' ? tuple.getInt() : 0;
            if (layout.read()[i]) {
                boolean sent = whole || layout.identity()[i];
                row[i] = sent ? value(form, length, tuple, old == null ? UNKNOWN : old[i]) : UNKNOWN;
            }
            tuple.position(tuple.position() + length);
        }
        addKey(row);
        values.entrySet().removeIf(entry -> {
            boolean sent = whole || layout.identity()[entry.getKey()];
            return sent && !addValue(entry.getValue(), row[entry.getKey()]);
        });
        return row;
    }

    private void addKey(@Nullable String[] row) {
        if (keys == null) {
            return;
        }
        List<String> found = new ArrayList<>(layout.key().size());
        for (int i : layout.key()) {
            String value = row[i];
            if (value == null || value.equals(UNKNOWN)) {
                keys = null;
                return;
            }
            found.add(value);
        }
        if (keys.add(found) && (keys.size() > layout.interest().mostKeys() || !room.take(found))) {
            keys = null;
        }
    }

    /** @return whether the values are still known, and few */
    private boolean addValue(Set<String> all, @Nullable String value) {
        if (value == null) {
            return true;
        }
        boolean added = all.add(value);
        return !value.equals(UNKNOWN)
                && all.size() <= layout.interest().mostKeys()
                && (!added || room.take(List.of(value)));
    }

    private static @Nullable String value(int form, int length, ByteBuffer tuple, @Nullable String unchanged) {
        return switch (form) {
            case 'n' -> null;
            case 'u' -> unchanged;
            case 't' -> {
                if (length > LONGEST) {
                    yield UNKNOWN;
                }
                byte[] bytes = new byte[length];
                tuple.get(tuple.position(), bytes);
                yield new String(bytes, StandardCharsets.UTF_8);
            }
            default -> UNKNOWN;
        };
    }

    ChangedRows collected() {
        Map<String, Set<String>> oldAndNew = new HashMap<>();
        Map<String, Set<String>> onlyNew = new HashMap<>();
        values.forEach((i, all) -> (newOnly.contains(i) ? onlyNew : oldAndNew)
                .put(layout.relation().columns().get(i), all));
        return new ChangedRows(layout.interest().key(), Optional.ofNullable(keys), oldAndNew, onlyNew);
    }
}
