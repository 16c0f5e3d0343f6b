package io.refreshd.capture;

import io.refreshd.model.TableId;
import java.util.Map;
import java.util.Objects;

/**
 * A publication as the catalog has it.
 *
 * @param complete whether all four operations are published
 * @param viaRoot whether changes of partitions are published under the name of their root
 * @param allTables FOR ALL TABLES: no table can be added or dropped
 * @param tables the published tables, whatever publishes them; partitions by their own names
 */
public record PublicationState(boolean complete, boolean viaRoot, boolean allTables, Map<TableId, Entry> tables) {

    /**
     * One published table.
     *
     * @param oid the table's oid
     * @param direct whether the table has an entry of its own; otherwise its schema, its partitioned table or FOR ALL TABLES publishes it
     * @param mine whether the connected role may publish the table: what it may not put back, it must not take out
     * @param identity identity of what publishes the table, see {@link Publication#IDENTITIES}. A table that left and joined again has
     *     another identity: what happened in between was not streamed
     * @param whole whether all rows and all columns are published
     */
    public record Entry(long oid, boolean direct, boolean mine, String identity, boolean whole) {}

    public PublicationState {
        tables = Map.copyOf(tables);
    }

    /** @throws IllegalArgumentException if the table is not published */
    public Entry entryOf(TableId table) {
        Entry entry = tables.get(table);
        if (entry == null) {
            throw new IllegalArgumentException("not published: " + table);
        }
        return entry;
    }

    /** Whether every change of the table is streamed, under the table's own name. */
    public boolean captures(TableId table) {
        Entry entry = tables.get(Objects.requireNonNull(table));
        return complete && !viaRoot && entry != null && entry.whole();
    }
}
