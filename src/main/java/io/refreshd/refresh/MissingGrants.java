package io.refreshd.refresh;

import io.refreshd.incremental.StoreLayout;
import io.refreshd.model.Method;
import io.refreshd.model.RefreshTask;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * Finds the privileges that a refresh lacks. The server's error names the object, but not the role: refreshd needs the
 * privilege to refresh, the owner of the view those of its query, and the owner of each plain view in between those of that
 * view's query. Runs one short query, and writes nothing.
 */
final class MissingGrants {
    /** The query works with oids, since names would depend on the search path. */
    private static final String SQL = """
            WITH RECURSIVE readers (oid, relowner) AS (
              SELECT c.oid, c.relowner FROM pg_catalog.pg_class c WHERE c.oid = :oid
              UNION
              SELECT v.oid, v.relowner
              FROM readers
              JOIN pg_catalog.pg_rewrite r ON r.ev_class = readers.oid
              JOIN pg_catalog.pg_depend d
                ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
               AND d.refclassid = 'pg_catalog.pg_class'::regclass
              JOIN pg_catalog.pg_class v ON v.oid = d.refobjid AND v.relkind = 'v'
            ), used AS (
              SELECT DISTINCT readers.relowner, d.refclassid, d.refobjid
              FROM readers
              JOIN pg_catalog.pg_rewrite r ON r.ev_class = readers.oid
              JOIN pg_catalog.pg_depend d
                ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid AND d.refobjid <> readers.oid
            )
            SELECT 1 AS rank, CASE
                WHEN pg_catalog.current_setting('server_version_num')::int >= 170000
                THEN pg_catalog.format('GRANT MAINTAIN ON %I.%I TO %I;', n.nspname, c.relname, current_user)
                ELSE pg_catalog.format('GRANT %I TO %I;', pg_catalog.pg_get_userbyid(c.relowner), current_user) END AS remedy
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.oid = :oid AND NOT CASE
                WHEN pg_catalog.current_setting('server_version_num')::int >= 170000
                THEN pg_catalog.has_table_privilege(c.oid, 'MAINTAIN')
                ELSE pg_catalog.pg_has_role(c.relowner, 'USAGE') END
            UNION
            SELECT 2, pg_catalog.format('GRANT USAGE ON SCHEMA %I TO %I;', n.nspname, pg_catalog.pg_get_userbyid(u.relowner))
            FROM used u
            JOIN pg_catalog.pg_class c ON u.refclassid = 'pg_catalog.pg_class'::regclass AND c.oid = u.refobjid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE NOT pg_catalog.has_schema_privilege(u.relowner, n.oid, 'USAGE')
            UNION
            SELECT 3, pg_catalog.format(
                'GRANT SELECT ON %I.%I TO %I;', n.nspname, c.relname, pg_catalog.pg_get_userbyid(u.relowner))
            FROM used u
            JOIN pg_catalog.pg_class c ON u.refclassid = 'pg_catalog.pg_class'::regclass AND c.oid = u.refobjid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
              AND NOT pg_catalog.has_table_privilege(u.relowner, c.oid, 'SELECT')
              AND NOT pg_catalog.has_any_column_privilege(u.relowner, c.oid, 'SELECT')
            UNION
            SELECT 4, pg_catalog.format(
                'GRANT EXECUTE ON ROUTINE %I.%I(%s) TO %I;', n.nspname, p.proname,
                pg_catalog.pg_get_function_identity_arguments(p.oid), pg_catalog.pg_get_userbyid(u.relowner))
            FROM used u
            JOIN pg_catalog.pg_proc p ON u.refclassid = 'pg_catalog.pg_proc'::regclass AND p.oid = u.refobjid
            JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
            WHERE NOT pg_catalog.has_function_privilege(u.relowner, p.oid, 'EXECUTE')
            ORDER BY rank, remedy
            """;

    private MissingGrants() {}

    /**
     * Returns statements that grant the missing privileges, in the order in which to run them; empty if none is known to be
     * missing.
     */
    static List<String> of(Jdbi jdbi, RefreshTask task) {
        return jdbi.withHandle(handle -> handle.createQuery(SQL)
                .bind("oid", queried(handle, task))
                .map((row, context) -> row.getString("remedy"))
                .list());
    }

    /** The relation whose query was run. */
    private static long queried(Handle handle, RefreshTask task) {
        return task.method() == Method.INCREMENTAL
                ? StoreLayout.read(handle, task.oid())
                        .map(StoreLayout::definitionOid)
                        .orElse(task.oid())
                : task.oid();
    }
}
