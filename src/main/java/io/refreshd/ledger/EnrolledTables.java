package io.refreshd.ledger;

import io.refreshd.model.TableId;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/** The tables whose changes are known to arrive without a gap, each with the identity of its entry in the publication. */
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
     * Whether each of them is still published by the entry it was enrolled with: then nothing of it can have passed unseen.
     * Tables published with their schema or with all tables have no entry of their own; of them only the publication is
     * looked at.
     */
    public static boolean areCaptured(Handle handle, String publication) {
        return handle.createQuery("""
                        SELECT NOT EXISTS (
                            SELECT FROM refreshd.enrolled_table e
                            WHERE NOT EXISTS (
                                SELECT FROM pg_catalog.pg_publication p
                                LEFT JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = e.table_oid
                                WHERE p.pubname = :publication
                                  AND p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate AND NOT p.pubviaroot
                                  AND (e.entry LIKE '%/0' OR e.entry = e.table_oid || '/' || r.oid)))
                        """)
                .bind("publication", publication)
                .mapTo(Boolean.class)
                .one();
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

    /** Forgets tables that are no longer captured. */
    public static void strike(Handle handle, Set<TableId> tables) {
        for (TableId table : tables) {
            handle.createUpdate(
                            "DELETE FROM refreshd.enrolled_table WHERE (table_schema, table_name) = (:schema, :name)")
                    .bind("schema", table.schema())
                    .bind("name", table.name())
                    .execute();
        }
    }
}
