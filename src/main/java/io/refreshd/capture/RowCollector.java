package io.refreshd.capture;

import io.refreshd.model.ChangedRows;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Collects what identifies the rows of one table in one transaction, old and new, as long as they are few. Once it has given
 * up it reads nothing more, so that a transaction of any size takes bounded room and is drained as fast as it was.
 */
final class RowCollector {
    private static final int OLD_KEY = 'K';
    private static final int OLD_TUPLE = 'O';
    private static final int NEW_TUPLE = 'N';
    /** Longer values are left out: they are hardly ever part of a key. */
    private static final int LONGEST = 256;

    private final Relation relation;
    private final boolean[] wanted;
    private final Set<List<@Nullable String>> rows = new HashSet<>();
    private boolean givenUp;

    RowCollector(Relation relation) {
        this.relation = relation;
        this.wanted = new boolean[relation.columns().size()];
        relation.identity().forEach(i -> wanted[i] = true);
        this.givenUp = relation.identity().isEmpty();
    }

    void giveUp() {
        givenUp = true;
        rows.clear();
    }

    /** An inserted or deleted row. */
    void takeOne(ByteBuffer tuple) {
        if (!givenUp) {
            int kind = tuple.get();
            // Of a table whose whole old rows are promised, a mere key is nothing to build on.
            if (kind == OLD_KEY && relation.full()) {
                giveUp();
            } else {
                add(read(tuple, null));
            }
        }
    }

    void takeUpdate(ByteBuffer tuples) {
        if (givenUp) {
            return;
        }
        int kind = tuples.get();
        if (kind == NEW_TUPLE && !relation.full()) {
            // No old key is sent if it is the same as the new one.
            add(read(tuples, null));
        } else if (kind == OLD_TUPLE || (kind == OLD_KEY && !relation.full())) {
            List<@Nullable String> old = read(tuples, null);
            add(old);
            if (!givenUp && tuples.get() == NEW_TUPLE) {
                add(read(tuples, old));
            } else {
                giveUp();
            }
        } else {
            giveUp();
        }
    }

    private void add(@Nullable List<@Nullable String> row) {
        if (row == null || (rows.add(row) && rows.size() > ChangedRows.LIMIT)) {
            giveUp();
        }
    }

    /** @param old where an unchanged TOAST value is to be had, if at all */
    private @Nullable List<@Nullable String> read(ByteBuffer tuple, @Nullable List<@Nullable String> old) {
        if (tuple.getShort() != wanted.length) {
            return null;
        }
        List<@Nullable String> row = new ArrayList<>(relation.identity().size());
        for (boolean take : wanted) {
            int kind = tuple.get();
            int length = kind == 't' || kind == 'b' ? tuple.getInt() : 0;
            if (take) {
                row.add(value(kind, length, tuple, old == null ? ChangedRows.OMITTED : old.get(row.size())));
            }
            tuple.position(tuple.position() + length);
        }
        return row;
    }

    private static @Nullable String value(int kind, int length, ByteBuffer tuple, @Nullable String unchanged) {
        return switch (kind) {
            case 'n' -> null;
            case 'u' -> unchanged;
            case 't' -> {
                if (length > LONGEST) {
                    yield ChangedRows.OMITTED;
                }
                byte[] bytes = new byte[length];
                tuple.get(tuple.position(), bytes);
                yield new String(bytes, StandardCharsets.UTF_8);
            }
            default -> ChangedRows.OMITTED;
        };
    }

    ChangedRows collected() {
        return givenUp
                ? ChangedRows.UNKNOWN
                : new ChangedRows(
                        true,
                        relation.identity().stream()
                                .map(relation.columns()::get)
                                .toList(),
                        Set.copyOf(rows));
    }
}
