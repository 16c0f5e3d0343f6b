package io.refreshd.incremental;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * The incremental views that read an incremental view, themselves or through plain views. They could not read the materialized view that
 * takes its place.
 */
final class IncrementalReaders {
    private static final String READERS = """
            WITH RECURSIVE reading(oid) AS (
              SELECT (:oid)::oid
              UNION
              SELECT w.ev_class
                FROM reading r
                JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = r.oid
                                           AND d.classid = 'pg_catalog.pg_rewrite'::regclass
                JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
                JOIN pg_catalog.pg_class c ON c.oid = w.ev_class AND c.relkind = 'v'
            )
            SELECT DISTINCT n.nspname::text AS schema, v.relname::text AS name
              FROM reading r
              JOIN (SELECT view_oid, definition_oid FROM refreshd.incremental_view
                    UNION ALL SELECT view_oid, definition_oid FROM refreshd.incremental_map) i ON i.definition_oid = r.oid
              JOIN pg_catalog.pg_class v ON v.oid = i.view_oid
              JOIN pg_catalog.pg_namespace n ON n.oid = v.relnamespace
             WHERE i.view_oid <> (:oid)::oid
             ORDER BY 1, 2
            """;

    private IncrementalReaders() {}

    static List<Obstacle> obstacles(Handle handle, ViewId view, long oid) {
        return handle
                .createQuery(READERS)
                .bind("oid", oid)
                .map((row, context) -> new ViewId(row.getString("schema"), row.getString("name")))
                .stream()
                .map(reader -> new Obstacle(
                        "the incremental view " + reader + " stands on " + view,
                        Remedy.text("refreshd convert " + reader + " --back --apply")))
                .toList();
    }
}
