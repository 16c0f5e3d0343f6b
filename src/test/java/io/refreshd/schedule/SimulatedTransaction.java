package io.refreshd.schedule;

import io.refreshd.model.Xid;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A transaction of the application. */
final class SimulatedTransaction {
    /** Place among all transactions ever begun. */
    final int index;

    final Xid xid;
    /** The tables that it changes, one bit each. */
    final int tables;
    /** Batches in which the log delivers it. */
    final int pieces;
    /** The rows that it changes, the same ones in each table. The next change of a row takes this one back. */
    final Set<Integer> rows;

    long lsn;

    @Nullable Instant committedAt;

    boolean visible;

    SimulatedTransaction(int index, Xid xid, Set<Integer> tables, int pieces, Set<Integer> rows) {
        this.index = index;
        this.xid = xid;
        this.tables = mask(tables);
        this.pieces = pieces;
        this.rows = rows;
    }

    boolean changes(int table) {
        return (tables & 1 << table) != 0;
    }

    boolean changesAnyOf(Set<Integer> some) {
        return (tables & mask(some)) != 0;
    }

    private static int mask(Set<Integer> tables) {
        int mask = 0;
        for (int table : tables) {
            mask |= 1 << table;
        }
        return mask;
    }
}
