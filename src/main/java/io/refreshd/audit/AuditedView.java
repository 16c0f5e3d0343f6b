package io.refreshd.audit;

import io.refreshd.database.PlainSession;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * A view to be audited, as the catalog describes it.
 *
 * @param name qualified, and quoted by the server
 * @param columns names of the columns, in their order
 * @param key columns of a unique index; empty if there is none
 * @param file number of the file that holds the rows
 */
record AuditedView(long oid, String name, String owner, List<String> columns, List<String> key, long file) {

    private static final long NEVER_POPULATED = -1;

    /** @throws SQLException 42P01 if there is no such materialized view, 55000 if it was never populated */
    static AuditedView find(Handle handle, ViewId view) throws SQLException {
        Optional<AuditedView> found = handle.createQuery("""
                        SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, pg_get_userbyid(c.relowner) AS owner,
                               pg_relation_filenode(c.oid) AS file, c.relispopulated,
                               ARRAY(SELECT a.attname::text FROM pg_attribute a
                                     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                                     ORDER BY a.attnum) AS columns,
                               ARRAY(SELECT a.attname::text
                                     FROM (SELECT i.indrelid, i.indkey FROM pg_index i
                                           WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid
                                             AND i.indpred IS NULL AND i.indexprs IS NULL
                                           ORDER BY i.indexrelid LIMIT 1) k
                                     CROSS JOIN LATERAL unnest(k.indkey::int2[]) WITH ORDINALITY AS p (number, place)
                                     JOIN pg_attribute a ON a.attrelid = k.indrelid AND a.attnum = p.number
                                     ORDER BY p.place) AS key
                        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                        WHERE c.relkind = 'm' AND n.nspname = :schema AND c.relname = :name
                        """)
                .bind("schema", view.schema())
                .bind("name", view.name())
                .map((row, context) -> new AuditedView(
                        row.getLong("oid"),
                        row.getString("name"),
                        row.getString("owner"),
                        List.of((String[]) row.getArray("columns").getArray()),
                        List.of((String[]) row.getArray("key").getArray()),
                        row.getBoolean("relispopulated") ? row.getLong("file") : NEVER_POPULATED))
                .findOne();
        AuditedView audited =
                found.orElseThrow(() -> new SQLException("there is no materialized view " + view, "42P01"));
        if (audited.file() == NEVER_POPULATED) {
            throw new SQLException("materialized view " + view + " has never been populated", "55000");
        }
        return audited;
    }

    /** The text of the definition, which has the same meaning under the settings of the session. */
    String definition(Handle handle, PlainSession session) throws SQLException {
        return session.forDefinitions()
                .query(handle.getConnection(), "SELECT pg_catalog.pg_get_viewdef(" + oid + "::oid)", row -> {
                    row.next();
                    return row.getString(1);
                });
    }

    /**
     * Sets the role to the owner until the end of the transaction. Where the role may not, makes row-level security an error.
     */
    void becomeOwner(Handle handle) {
        boolean may = handle.createQuery("""
                        SELECT owner.oid = me.oid OR me.rolsuper
                               OR pg_has_role(owner.oid, CASE WHEN current_setting('server_version_num')::int >= 160000
                                                              THEN 'SET' ELSE 'MEMBER' END)
                        FROM pg_roles owner, pg_roles me
                        WHERE owner.rolname = :owner AND me.rolname = current_user
                        """)
                .bind("owner", owner)
                .mapTo(Boolean.class)
                .one();
        handle.createQuery("SELECT set_config(:setting, :value, true)")
                .bind("setting", may ? "role" : "row_security")
                .bind("value", may ? owner : "off")
                .mapTo(String.class)
                .one();
    }

    /** Returns the number of the file that holds the rows now; it differs from {@link #file} after a plain REFRESH. */
    long fileNow(Handle handle) {
        return handle.createQuery("SELECT pg_catalog.pg_relation_filenode(CAST(:oid AS pg_catalog.oid))")
                .bind("oid", oid)
                .mapTo(Long.class)
                .one();
    }
}
