package io.refreshd.roles;

import io.refreshd.catalog.AttachmentSql;
import io.refreshd.config.RoleViewTemplate.Kind;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * Everything that people have attached to a view by hand, as the statements that attach it to the view that replaces it:
 * privileges, storage parameters, comments, indexes. Reads only.
 *
 * @param before statements to run while the old view still has its name
 * @param indexes indexes to create at that time too
 */
record Attachments(List<String> before, List<Index> indexes) {
    /**
     * An index that somebody has added.
     *
     * @param create creates it under a temporary name, since the old index still has its own
     * @param comment empty if it has none
     */
    record Index(String name, String temporary, String create, String comment) {}

    /**
     * Statements for privileges, storage parameters and comments, one a row, in the order in which they have to run. The grant
     * of the former template is left out: the new template decides about it.
     */
    private static final String STATEMENTS = AttachmentSql.complete("""
            SELECT statement FROM (
            SELECT 1 AS place, pg_catalog.format('GRANT %s ON %s TO %s', a.privilege_type, :fresh, g.name)
                      || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS statement
              FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a, LATERAL (SELECT GRANTEE) g (name)
             WHERE c.oid = (:old_oid)::oid AND a.grantee <> c.relowner
               AND NOT (a.privilege_type = 'SELECT'
                        AND EXISTS (SELECT FROM pg_catalog.pg_roles r
                                     WHERE r.oid = a.grantee AND r.rolname::text = :reader))
            UNION ALL
            SELECT 2, pg_catalog.format('GRANT %s (%I) ON %s TO %s', a.privilege_type, o.attname, :fresh, g.name)
                      || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
              FROM COLUMNS, pg_catalog.aclexplode(o.attacl) a, LATERAL (SELECT GRANTEE) g (name)
            UNION ALL
            SELECT 3, pg_catalog.format('ALTER %s %s SET (%I = %L)', :noun, :fresh, s.option_name, s.option_value)
              FROM pg_catalog.pg_class o
              JOIN pg_catalog.pg_class n
                ON n.oid = (:fresh_oid)::oid AND (n.relkind = o.relkind OR (n.relkind = 'm' AND o.relkind = 'r')),
                   pg_catalog.pg_options_to_table(o.reloptions) s
             WHERE o.oid = (:old_rows)::oid
            UNION ALL
            SELECT 4, pg_catalog.format('COMMENT ON COLUMN %s.%I IS %L', :fresh, o.attname, d.description)
              FROM COLUMNS
              JOIN pg_catalog.pg_description d
                ON d.objoid = o.attrelid AND d.objsubid = o.attnum AND d.classoid = 'pg_catalog.pg_class'::regclass
            UNION ALL
            SELECT 5, pg_catalog.format('COMMENT ON %s %s IS %L', :noun, :fresh, d.text)
              FROM pg_catalog.obj_description((:old_oid)::oid, 'pg_class') d (text)
             WHERE d.text <> :comment
            ) s ORDER BY place
            """);

    /**
     * Indexes that refreshd did not create. The server writes the definition of an index with the names of index and table at its
     * beginning; the text after them fits the new view too.
     */
    private static final String INDEXES = """
            SELECT i.relname::text AS name, p.name AS temporary, pg_catalog.starts_with(d.text, d.head) AS known,
                   pg_catalog.format('CREATE %sINDEX %I ON %s', d.what, p.name, :fresh)
                     || pg_catalog.substr(d.text, pg_catalog.length(d.head) + 1) AS create,
                   coalesce(pg_catalog.obj_description(i.oid, 'pg_class'), '') AS comment
              FROM pg_catalog.pg_index x
              JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
              JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
              JOIN pg_catalog.pg_namespace s ON s.oid = t.relnamespace
              CROSS JOIN LATERAL (SELECT 'refreshd_index_' || i.oid) p (name)
              CROSS JOIN LATERAL (SELECT CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END) u (what)
              CROSS JOIN LATERAL (
                SELECT u.what, pg_catalog.pg_get_indexdef(i.oid),
                       pg_catalog.format('CREATE %sINDEX %I ON %I.%I', u.what, i.relname, s.nspname, t.relname)) d (what, text, head)
             WHERE x.indrelid = (:old_rows)::oid AND x.indisvalid
               AND NOT coalesce(pg_catalog.starts_with(pg_catalog.obj_description(i.oid, 'pg_class'), :mark), false)
             ORDER BY i.oid
            """;

    /**
     * Reads the attachments of the view that a step rebuilds.
     *
     * @param oldRows oid of what holds the rows of the old view: the view itself, or an incremental view's table
     * @param fresh temporary name of the new view
     * @param freshKind kind of the new view while it is built; a plain view has no indexes
     */
    static Attachments of(
            Handle transaction, Step.Rebuild step, long oldRows, ViewId fresh, long freshOid, Kind freshKind)
            throws SQLException {
        String name = SqlNames.qualified(fresh);
        List<String> before = transaction
                .createQuery(STATEMENTS)
                .bind("fresh", name)
                .bind("fresh_oid", freshOid)
                .bind("old_oid", step.made().oid())
                .bind("old_rows", oldRows)
                .bind("noun", ViewBuilder.noun(freshKind))
                .bind(
                        "reader",
                        TemplateDefinition.parse(step.made().definition())
                                .reader(step.made().role()))
                .bind("comment", ViewBuilder.comment(step.made().template()))
                .mapTo(String.class)
                .list();
        return new Attachments(before, freshKind.isKept() ? indexes(transaction, oldRows, name) : List.of());
    }

    private static List<Index> indexes(Handle transaction, long oldRows, String fresh) {
        return transaction
                .createQuery(INDEXES)
                .bind("fresh", fresh)
                .bind("old_rows", oldRows)
                .bind("mark", ViewBuilder.MARK)
                .map((row, context) -> {
                    if (!row.getBoolean("known")) {
                        throw new SQLException(
                                "the definition of the index " + row.getString("name") + " has an unknown form");
                    }
                    return new Index(
                            row.getString("name"),
                            row.getString("temporary"),
                            row.getString("create"),
                            row.getString("comment"));
                })
                .list();
    }
}
