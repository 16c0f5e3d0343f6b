package io.refreshd.capture;

import io.refreshd.model.TableId;
import java.util.Map;
import java.util.Objects;

/**
 * A publication as the catalog has it.
 *
 * @param viaRoot whether changes of partitions are told as those of their root
 * @param complete whether all four operations are published
 * @param allTables FOR ALL TABLES: nothing can be added or dropped
 * @param tables what it publishes, one way or another; partitions by their own names
 */
public record PublicationState(boolean complete, boolean viaRoot, boolean allTables, Map<TableId, Entry> tables) {

    /**
     * One published table.
     *
     * @param oid the table's
     * @param direct whether it has an entry of its own, and is not published with its schema, its partitioned table or with all
     *     tables
     * @param mine whether the role that is connected may publish it: what it may not put back, it must not take out
     * @param identity of what publishes it, see {@link Publication#IDENTITIES}. A table that left and joined again has another
     *     one: what happened in between was not streamed
     * @param whole whether all rows and all columns are published
     */
    public record Entry(long oid, boolean direct, boolean mine, String identity, boolean whole) {}

    public PublicationState {
        tables = Map.copyOf(tables);
    }

    /** @throws IllegalArgumentException if the table is not published at all */
    public Entry entryOf(TableId table) {
        Entry entry = tables.get(table);
        if (entry == null) {
            throw new IllegalArgumentException("not published: " + table);
        }
        return entry;
    }

    /** Whether every change of the table is streamed under the table's own name. */
    public boolean captures(TableId table) {
        Entry entry = tables.get(Objects.requireNonNull(table));
        return complete && !viaRoot && entry != null && entry.whole();
    }
}
