package io.refreshd.ledger;

import io.refreshd.model.UnsendableNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/** Reads and writes {@code refreshd.incremental_view}: the views that refreshd keeps in tables of its own. */
public final class IncrementalViewRows {
    private IncrementalViewRows() {}

    /**
     * An incremental view.
     *
     * @param oid of the public view
     * @param store empty if somebody has dropped it
     * @param definition empty if somebody has dropped it
     * @param query the defining query as the user wrote it
     */
    public record Row(
            ViewId view,
            long oid,
            long storeOid,
            Optional<ViewId> store,
            long definitionOid,
            Optional<ViewId> definition,
            List<Integer> recomputeKey,
            String query) {}

    /** Returns an empty map if there is no ledger yet, or an older one, or one of another role. A view that was
     * dropped is left out, and one whose name the server cannot send. */
    public static Map<ViewId, Row> load(Handle handle) {
        boolean readable = handle.createQuery("""
                        SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                                        WHERE n.nspname = 'refreshd' AND c.relname = 'incremental_view'
                                          AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'))
                        """).mapTo(Boolean.class).one();
        if (!readable) {
            return Map.of();
        }
        return rows(handle, Optional.empty()).stream().collect(Collectors.toMap(Row::view, row -> row));
    }

    /** @param view oid of the public view @return empty if it is no incremental view, or was dropped */
    public static Optional<Row> find(Handle handle, long view) {
        return rows(handle, Optional.of(view)).stream().findFirst();
    }

    private static List<Row> rows(Handle handle, Optional<Long> view) {
        noteUnsendableNames(handle);
        return handle.createQuery("""
                        SELECT n.nspname::text AS view_schema, v.relname::text AS view_name, i.view_oid::int8, i.store_oid::int8,
                               i.definition_oid::int8, sn.nspname::text AS store_schema, s.relname::text AS store_name,
                               dn.nspname::text AS definition_schema, d.relname::text AS definition_name, i.recompute_key, i.definition
                        FROM refreshd.incremental_view i
                        JOIN pg_class v ON v.oid = i.view_oid
                        JOIN pg_namespace n ON n.oid = v.relnamespace
                        LEFT JOIN pg_class s ON s.oid = i.store_oid AND %s
                        LEFT JOIN pg_namespace sn ON sn.oid = s.relnamespace
                        LEFT JOIN pg_class d ON d.oid = i.definition_oid AND %s
                        LEFT JOIN pg_namespace dn ON dn.oid = d.relnamespace
                        WHERE i.view_oid = coalesce((:view)::oid, i.view_oid) AND %s AND %s
                        """.formatted(
                                UnsendableNames.sendable("s.relname"),
                                UnsendableNames.sendable("d.relname"),
                                UnsendableNames.sendable("n.nspname"),
                                UnsendableNames.sendable("v.relname")))
                .bind("view", view.orElse(null))
                .map((row, context) -> new Row(
                        new ViewId(row.getString("view_schema"), row.getString("view_name")),
                        row.getLong("view_oid"),
                        row.getLong("store_oid"),
                        id(row.getString("store_schema"), row.getString("store_name")),
                        row.getLong("definition_oid"),
                        id(row.getString("definition_schema"), row.getString("definition_name")),
                        List.of((Integer[]) row.getArray("recompute_key").getArray()),
                        row.getString("definition")))
                .list();
    }

    /** Failure: without the right to use the language plpgsql nothing is noted. */
    private static void noteUnsendableNames(Handle handle) {
        try (Statement statement = handle.getConnection().createStatement()) {
            String encoding = handle.getConnection().unwrap(PGConnection.class).getParameterStatus("server_encoding");
            if (encoding != null
                    && UnsendableNames.mustBeNoted(encoding)
                    && handle.createQuery("SELECT bool_or(has_language_privilege(oid, 'USAGE')) FROM pg_language"
                                    + " WHERE lanname = 'plpgsql'")
                            .mapTo(Boolean.class)
                            .findOne()
                            .orElse(false)) {
                statement.execute(UnsendableNames.NOTE);
            }
        } catch (SQLException e) {
            throw new UnableToExecuteStatementException(e, null);
        }
    }

    private static Optional<ViewId> id(@Nullable String schema, @Nullable String name) {
        return schema == null || name == null ? Optional.empty() : Optional.of(new ViewId(schema, name));
    }

    public static void put(
            Handle handle, long view, long store, long definition, List<Integer> recomputeKey, String query) {
        handle.createUpdate("""
                        INSERT INTO refreshd.incremental_view (view_oid, store_oid, definition_oid, recompute_key, definition)
                        VALUES ((:view)::oid, (:store)::oid, (:definition)::oid, CAST(:key AS int[]), :query)
                        ON CONFLICT (view_oid)
                        DO UPDATE SET store_oid = excluded.store_oid, definition_oid = excluded.definition_oid,
                                      recompute_key = excluded.recompute_key, definition = excluded.definition,
                                      made_at = excluded.made_at
                        """)
                .bind("view", view)
                .bind("store", store)
                .bind("definition", definition)
                .bind("key", recomputeKey.toArray(Integer[]::new))
                .bind("query", query)
                .execute();
    }

    public static void forget(Handle handle, long view) {
        handle.createUpdate("DELETE FROM refreshd.incremental_view WHERE view_oid = (:view)::oid")
                .bind("view", view)
                .execute();
    }
}
