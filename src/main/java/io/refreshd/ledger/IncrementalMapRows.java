package io.refreshd.ledger;

import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** Reads and writes {@code refreshd.incremental_map}: which rows belong to which groups of incremental views, and which values they have. */
public final class IncrementalMapRows {
    private IncrementalMapRows() {}

    /**
     * The table of one map and its definition.
     *
     * @param store empty if somebody has dropped it
     * @param definition empty if somebody has dropped it
     */
    public record Parts(Optional<ViewId> store, Optional<ViewId> definition) {}

    /** @param view oid of the public view @return what stands on others before these */
    public static List<Parts> find(Handle handle, long view) {
        return handle.createQuery("""
                        SELECT sn.nspname::text AS store_schema, s.relname::text AS store_name,
                               dn.nspname::text AS definition_schema, d.relname::text AS definition_name
                        FROM refreshd.incremental_map m
                        LEFT JOIN pg_class s ON s.oid = m.store_oid
                        LEFT JOIN pg_namespace sn ON sn.oid = s.relnamespace
                        LEFT JOIN pg_class d ON d.oid = m.definition_oid
                        LEFT JOIN pg_namespace dn ON dn.oid = d.relnamespace
                        WHERE m.view_oid = (:view)::oid
                        ORDER BY m.number DESC
                        """)
                .bind("view", view)
                .map((row, context) -> new Parts(
                        id(row.getString("store_schema"), row.getString("store_name")),
                        id(row.getString("definition_schema"), row.getString("definition_name"))))
                .list();
    }

    private static Optional<ViewId> id(@Nullable String schema, @Nullable String name) {
        return schema == null || name == null ? Optional.empty() : Optional.of(new ViewId(schema, name));
    }

    /**
     * Adds a map to a view that the ledger knows.
     *
     * @param number from 1
     * @param groupKey numbers of the columns of the map's store
     * @param positions numbers of the columns of the view's store, or of that of another map
     * @param of the number of that map; 0: the view's
     * @param values whether it holds the values of a column, and no groups
     */
    public static void put(
            Handle handle,
            long view,
            int number,
            long store,
            long definition,
            List<Integer> recomputeKey,
            List<Integer> groupKey,
            List<Integer> positions,
            boolean joined,
            int of,
            boolean values) {
        handle.createUpdate("""
                        INSERT INTO refreshd.incremental_map
                        VALUES ((:view)::oid, :number, (:store)::oid, (:definition)::oid, CAST(:key AS int[]),
                                CAST(:group AS int[]), CAST(:positions AS int[]), :joined, :of, NULL, NULL, :values)
                        """)
                .bind("view", view)
                .bind("number", number)
                .bind("store", store)
                .bind("definition", definition)
                .bind("key", recomputeKey.toArray(Integer[]::new))
                .bind("group", groupKey.toArray(Integer[]::new))
                .bind("positions", positions.toArray(Integer[]::new))
                .bind("joined", joined)
                .bind("of", of)
                .bind("values", values)
                .execute();
    }

    /**
     * Adds the totals of the groups of a map.
     *
     * @param number behind those of all maps
     * @param of the number of that map
     * @param key numbers of the columns of the totals' table that hold the key of the group
     * @param shown the columns of the view over these, by the name s
     * @param having which groups the view shows; empty if all
     */
    public static void putTotals(
            Handle handle,
            long view,
            int number,
            int of,
            long store,
            long definition,
            List<Integer> key,
            String shown,
            String having) {
        put(handle, view, number, store, definition, key, List.of(), List.of(), false, of, false);
        handle.createUpdate("""
                        UPDATE refreshd.incremental_map SET shown = :shown, shown_if = :having
                        WHERE view_oid = (:view)::oid AND number = :number
                        """)
                .bind("shown", shown)
                .bind("having", having)
                .bind("view", view)
                .bind("number", number)
                .execute();
    }
}
