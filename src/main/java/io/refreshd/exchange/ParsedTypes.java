package io.refreshd.exchange;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.util.Collection;
import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * The types by which the text of a view would run code of others when it is parsed. Source: the server makes a constant of a text at that
 * time, and so calls the checks of domains within arrays, rows and ranges; those of a domain itself only when the query runs.
 */
final class ParsedTypes {
    private static final String CHECKED = """
            WITH RECURSIVE parsed (view, type, inside) AS (
              SELECT w.ev_class, d.refobjid, false
                FROM pg_catalog.pg_rewrite w
                JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
                                           AND d.refclassid = 'pg_catalog.pg_type'::regclass
               WHERE w.ev_class = ANY (CAST(:views AS int8[])::oid[]) AND w.rulename = '_RETURN'
              UNION
              SELECT p.view, n.type, n.inside
                FROM parsed p
                JOIN pg_catalog.pg_type t ON t.oid = p.type
               CROSS JOIN LATERAL (
                 SELECT t.typelem, true WHERE t.typelem <> 0
                 UNION ALL SELECT t.typbasetype, p.inside WHERE t.typtype = 'd'
                 UNION ALL SELECT a.atttypid, true FROM pg_catalog.pg_attribute a
                            WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
                 UNION ALL SELECT r.rngsubtype, true FROM pg_catalog.pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
               ) n (type, inside)
            )
            SELECT DISTINCT n.nspname::text AS schema, v.relname::text AS name, pg_catalog.format_type(d.oid, NULL) AS domain
              FROM parsed p
              JOIN pg_catalog.pg_type d ON d.oid = p.type AND d.typtype = 'd'
              JOIN pg_catalog.pg_roles o ON o.oid = d.typowner AND NOT o.rolsuper
              JOIN pg_catalog.pg_class v ON v.oid = p.view
              JOIN pg_catalog.pg_namespace n ON n.oid = v.relnamespace
             WHERE p.inside AND EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE c.contypid = d.oid AND c.contype = 'c')
             ORDER BY 1, 2, 3
            """;

    private ParsedTypes() {}

    static List<Obstacle> obstacles(Handle handle, Collection<Long> views) {
        return handle.createQuery(CHECKED)
                .bind("views", views.toArray(Long[]::new))
                .map(
                        (row, context) -> new Obstacle(
                                new ViewId(row.getString("schema"), row.getString("name"))
                                        + " uses an array, row or range of the domain " + row.getString("domain")
                                        + ", whose check would run as refreshd if the view were given its query again",
                                Remedy.text(
                                        "drop the view before, and create it again afterwards; or have a superuser own the domain")))
                .list();
    }
}
