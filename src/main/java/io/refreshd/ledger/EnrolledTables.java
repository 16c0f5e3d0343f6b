package io.refreshd.ledger;

import io.refreshd.model.TableId;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * Reads and writes {@code refreshd.enrolled_table}: the tables whose changes are known to arrive without a gap, each with the
 * identity of its entry in the publication.
 */
public final class EnrolledTables {
    private EnrolledTables() {}

    public static Map<TableId, String> load(Handle handle) {
        return handle
                .createQuery("SELECT table_schema, table_name, entry FROM refreshd.enrolled_table")
                .map((row, context) -> Map.entry(
                        new TableId(row.getString("table_schema"), row.getString("table_name")),
                        row.getString("entry")))
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    /**
     * Returns the oids of the enrolled tables that no longer have the entry in the publication that they were enrolled with. Of all
     * others no change can have been missed. {@code LIMIT 1} makes the server look up the enrolled tables alone; without it the server
     * computes the identity of every published table.
     *
     * @param identities query of {@code oid, identity} for every table that is published; its one parameter is the publication
     */
    public static List<Long> lost(Handle handle, String identities, String publication) {
        return handle.createQuery("""
                        SELECT e.table_oid::int8 FROM refreshd.enrolled_table e
                        LEFT JOIN LATERAL (SELECT p.identity FROM (%s) p WHERE p.oid = e.table_oid LIMIT 1) i ON true
                        WHERE i.identity IS DISTINCT FROM e.entry
                        """.formatted(identities))
                .bind(0, publication)
                .mapTo(Long.class)
                .list();
    }

    public static void enrol(Handle handle, TableId table, long oid, String entry) {
        handle.createUpdate("""
                        INSERT INTO refreshd.enrolled_table (table_schema, table_name, table_oid, entry)
                        VALUES (:schema, :name, :oid, :entry)
                        ON CONFLICT (table_schema, table_name)
                        DO UPDATE SET table_oid = excluded.table_oid, entry = excluded.entry
                        """)
                .bind("schema", table.schema())
                .bind("name", table.name())
                .bind("oid", oid)
                .bind("entry", entry)
                .execute();
    }

    /** Removes tables whose changes no longer arrive. */
    public static void remove(Handle handle, Set<TableId> tables) {
        for (TableId table : tables) {
            handle.createUpdate(
                            "DELETE FROM refreshd.enrolled_table WHERE (table_schema, table_name) = (:schema, :name)")
                    .bind("schema", table.schema())
                    .bind("name", table.name())
                    .execute();
        }
    }
}
