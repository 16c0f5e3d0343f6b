package io.refreshd.audit;

import io.refreshd.catalog.IncrementalParts;
import io.refreshd.database.PlainSession;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;

/**
 * A view to be audited, as the catalog describes it. Of an incremental view the rows that users read are compared with its definition.
 *
 * @param name qualified, and quoted by the server
 * @param columns names of the columns, in their order
 * @param key columns of a unique index; empty if there is none
 * @param file number of the file that holds the rows
 * @param parts of an incremental view; empty for a materialized view
 */
record AuditedView(
        long oid,
        String name,
        String owner,
        List<String> columns,
        List<String> key,
        long file,
        Optional<IncrementalParts> parts) {

    private static final long NEVER_POPULATED = -1;

    /** @throws SQLException 42P01 if there is no such materialized view, 55000 if it was never populated */
    static AuditedView find(Handle handle, ViewId view) throws SQLException {
        Optional<IncrementalParts> parts = parts(handle, view);
        Optional<AuditedView> found = handle.createQuery("""
                        SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, pg_get_userbyid(c.relowner) AS owner,
                               pg_relation_filenode(coalesce(CAST(:store AS oid), c.oid)) AS file, c.relispopulated,
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
                        WHERE (c.relkind = 'm' OR c.relkind = 'v' AND :store IS NOT NULL) AND n.nspname = :schema AND c.relname = :name
                        """)
                .bind("schema", view.schema())
                .bind("name", view.name())
                .bind("store", parts.map(IncrementalParts::store).orElse(null))
                .map((row, context) -> new AuditedView(
                        row.getLong("oid"),
                        row.getString("name"),
                        row.getString("owner"),
                        List.of((String[]) row.getArray("columns").getArray()),
                        List.of((String[]) row.getArray("key").getArray()),
                        row.getBoolean("relispopulated") ? row.getLong("file") : NEVER_POPULATED,
                        parts))
                .findOne();
        AuditedView audited =
                found.orElseThrow(() -> new SQLException("there is no materialized view " + view, "42P01"));
        if (audited.file() == NEVER_POPULATED) {
            throw new SQLException("materialized view " + view + " is not populated", "55000");
        }
        return audited;
    }

    /** The text of the definition, which has the same meaning under the settings of the session. */
    String definition(Handle handle, PlainSession session) throws SQLException {
        long query = parts.map(IncrementalParts::definition).orElse(oid);
        String text = session.forDefinitions()
                .query(handle.getConnection(), "SELECT pg_catalog.pg_get_viewdef(" + query + "::oid)", row -> {
                    row.next();
                    return row.getString(1);
                });
        return parts.isEmpty() ? text : withoutHiddenColumns(handle, query, text.strip());
    }

    /** The definition has hidden columns in front of those of the view. */
    private String withoutHiddenColumns(Handle handle, long definition, String text) {
        List<String> all = handle.createQuery("""
                        SELECT a.attname::text FROM pg_catalog.pg_attribute a
                        WHERE a.attrelid = :definition AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
                        """)
                .bind("definition", definition)
                .mapTo(String.class)
                .list();
        int hidden = all.size() - columns.size();
        List<String> shown = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            shown.add("refreshd_all." + SqlNames.identifier(all.get(hidden + i)) + " AS "
                    + SqlNames.identifier(columns.get(i)));
        }
        String query = text.endsWith(";") ? text.substring(0, text.length() - 1) : text;
        return "SELECT " + String.join(", ", shown) + " FROM (\n" + query + "\n) AS refreshd_all";
    }

    private static Optional<IncrementalParts> parts(Handle handle, ViewId view) throws SQLException {
        Optional<Long> oid = oid(handle, view, 'v');
        return oid.isPresent() ? IncrementalParts.of(handle.getConnection(), oid.get()) : Optional.empty();
    }

    static Optional<Long> oid(Handle handle, ViewId view, char kind) {
        return handle.createQuery("""
                        SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                        WHERE c.relkind = CAST(:kind AS "char") AND n.nspname = :schema AND c.relname = :name
                        """)
                .bind("kind", String.valueOf(kind))
                .bind("schema", view.schema())
                .bind("name", view.name())
                .mapTo(Long.class)
                .findOne();
    }

    /** The relations whose queries and rows a comparison reads. */
    static List<Long> compared(Handle handle, ViewId view) throws SQLException {
        Optional<Long> materialized = oid(handle, view, 'm');
        Optional<Long> plain = materialized.isPresent() ? Optional.empty() : oid(handle, view, 'v');
        Optional<IncrementalParts> parts = parts(handle, view);
        return Stream.of(materialized, plain.filter(oid -> parts.isPresent()), parts.map(IncrementalParts::definition))
                .flatMap(Optional::stream)
                .toList();
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

    /** Returns the number of the file that holds the rows now; it differs from {@link #file} after a plain REFRESH or a VACUUM FULL. */
    long fileNow(Handle handle) {
        return handle.createQuery("SELECT pg_catalog.pg_relation_filenode(CAST(:oid AS pg_catalog.oid))")
                .bind("oid", parts.map(IncrementalParts::store).orElse(oid))
                .mapTo(Long.class)
                .one();
    }
}
