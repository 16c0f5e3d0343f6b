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
 * Collects of the rows of one table in one transaction, old and new, the columns that somebody is interested in, as long as
 * they are few. Once it has given up it reads nothing more, so that a transaction of any size takes bounded room.
 */
final class RowCollector {
    private static final int OLD_KEY = 'K';
    private static final int OLD_TUPLE = 'O';
    private static final int NEW_TUPLE = 'N';
    /** Longer values are not carried: they are hardly ever part of a key, or one of few. */
    private static final int LONGEST = 256;
    /** Stands for a value that is there but not known. No value of PostgreSQL holds a zero character. */
    private static final String UNKNOWN = "\0";

    private final ColumnPlaces places;
    private final Map<Integer, Set<String>> values = new HashMap<>();
    /** Columns of which a row was sent only as it is now. */
    private final Set<Integer> newOnly = new HashSet<>();

    private @Nullable Set<List<String>> keys;

    RowCollector(ColumnPlaces places) {
        this.places = places;
        if (!places.key().isEmpty()) {
            keys = new HashSet<>();
        }
        for (int i : places.discriminators()) {
            values.put(i, new HashSet<>());
        }
    }

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

    /** @param tuples what is sent of the old row, if anything, then the new one */
    void takeUpdate(ByteBuffer tuples) {
        if (givenUp()) {
            return;
        }
        if (tuples.get(tuples.position()) == NEW_TUPLE) {
            // No old row is sent if the columns that identify it are as they were; how the others were is not known.
            if (places.relation().full()) {
                giveUp();
                return;
            }
            doubtOldValues();
            if (!places.key().stream().allMatch(i -> places.identity()[i])) {
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

    private void doubtOldValues() {
        values.keySet().stream().filter(i -> !places.identity()[i]).forEach(newOnly::add);
    }

    /**
     * @param old where an unchanged TOAST value is to be had
     * @return the row, if it could be read
     */
    private @Nullable String @Nullable [] take(ByteBuffer tuple, @Nullable String @Nullable [] old) {
        int kind = tuple.get();
        boolean whole = kind == OLD_TUPLE || kind == NEW_TUPLE;
        // Of a table whose whole old rows are promised, a mere key is nothing to build on.
        if ((!whole && (kind != OLD_KEY || places.relation().full())) || tuple.getShort() != places.read().length) {
            giveUp();
            return null;
        }
        if (!whole) {
            doubtOldValues();
        }
        @Nullable String[] row = new String[places.read().length];
        for (int i = 0; i < row.length; i++) {
            int form = tuple.get();
            int length = form == 't' || form == 'b' ? tuple.getInt() : 0;
            if (places.read()[i]) {
                boolean sent = whole || places.identity()[i];
                row[i] = sent ? value(form, length, tuple, old == null ? UNKNOWN : old[i]) : UNKNOWN;
            }
            tuple.position(tuple.position() + length);
        }
        addKey(row);
        values.entrySet().removeIf(entry -> {
            boolean sent = whole || places.identity()[entry.getKey()];
            return sent && !addValue(entry.getValue(), row[entry.getKey()]);
        });
        return row;
    }

    private void addKey(@Nullable String[] row) {
        if (keys == null) {
            return;
        }
        List<String> found = new ArrayList<>(places.key().size());
        for (int i : places.key()) {
            String value = row[i];
            if (value == null || value.equals(UNKNOWN)) {
                keys = null;
                return;
            }
            found.add(value);
        }
        keys.add(found);
        if (keys.size() > ChangedRows.LIMIT) {
            keys = null;
        }
    }

    /** Whether all values are still known. */
    private static boolean addValue(Set<String> all, @Nullable String value) {
        if (value == null) {
            return true;
        }
        all.add(value);
        return !value.equals(UNKNOWN) && all.size() <= ChangedRows.LIMIT;
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
        Map<String, Set<String>> whole = new HashMap<>();
        Map<String, Set<String>> half = new HashMap<>();
        values.forEach((i, all) -> (newOnly.contains(i) ? half : whole)
                .put(places.relation().columns().get(i), all));
        return new ChangedRows(places.interest().key(), Optional.ofNullable(keys), whole, half);
    }
}
