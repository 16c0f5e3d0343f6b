package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * Finds what the owner of an incremental view may not read. Its definition runs with the rights of refreshd; a REFRESH would run with
 * those of the view's owner, and fail.
 *
 * <p>Invariant: a view shows its owner, and whomever the owner lets read it, nothing that the owner could not put into a materialized
 * view. A plain view with {@code security_invoker} below reads with the rights of whoever runs the definition, so that its sources count
 * too. Row-level security anywhere below may show refreshd other rows than the owner.
 */
public final class OwnerAccess {
    private static final KeptPlan FORBIDDEN = KeptPlan.of("""
            WITH RECURSIVE given(view, definition, owner) AS (
              SELECT v.oid, g.definition::oid, v.relowner
                FROM unnest($1::int8[], $2::int8[]) AS g (view, definition)
                JOIN pg_catalog.pg_class v ON v.oid = g.view::oid
            ), query(view, owner, oid, as_owner) AS (
              SELECT view, owner, definition, true FROM given
              UNION
              SELECT q.view, q.owner, c.oid,
                     q.as_owner AND EXISTS (SELECT FROM pg_catalog.pg_options_to_table(c.reloptions)
                                             WHERE option_name = 'security_invoker' AND option_value::boolean)
                FROM query q
                JOIN pg_catalog.pg_rewrite w ON w.ev_class = q.oid AND w.ev_type = '1'
                JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
                                           AND d.refclassid = 'pg_catalog.pg_class'::regclass
                JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.oid <> q.oid AND c.relkind = 'v'
            ), reads(view, owner, as_owner, relation, number) AS (
              SELECT DISTINCT q.view, q.owner, q.as_owner, d.refobjid, d.refobjsubid
                FROM query q
                JOIN pg_catalog.pg_rewrite w ON w.ev_class = q.oid AND w.ev_type = '1'
                JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
                                           AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> q.oid
            )
            SELECT reads.view::int8, v.relname::text, vn.nspname::text, o.rolname::text, c.relname::text, n.nspname::text,
                   c.relrowsecurity AS hides
              FROM reads
              JOIN pg_catalog.pg_class c ON c.oid = reads.relation
              JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              JOIN pg_catalog.pg_class v ON v.oid = reads.view
              JOIN pg_catalog.pg_namespace vn ON vn.oid = v.relnamespace
              JOIN pg_catalog.pg_roles o ON o.oid = reads.owner
             WHERE c.relrowsecurity
                OR reads.as_owner AND NOT pg_catalog.has_table_privilege(reads.owner, c.oid, 'SELECT')
                   AND (reads.number <= 0
                        OR NOT pg_catalog.has_column_privilege(reads.owner, c.oid, reads.number::int2, 'SELECT'))
             ORDER BY reads.view, hides, n.nspname, c.relname
            """, 2);

    private OwnerAccess() {}

    /**
     * What the owners may not read, by oid of the view; a view whose owner may read everything is left out.
     *
     * @param definitions the definition of each view
     */
    public static Map<Long, Obstacle> obstacles(Connection connection, Map<Long, Long> definitions)
            throws SQLException {
        Map<Long, Obstacle> obstacles = new HashMap<>();
        if (definitions.isEmpty()) {
            return obstacles;
        }
        Map<Long, Long> ordered = new TreeMap<>(definitions);
        return FORBIDDEN.query(
                connection,
                row -> {
                    while (row.next()) {
                        obstacles.putIfAbsent(row.getLong(1), obstacle(row));
                    }
                    return obstacles;
                },
                KeptPlan.array(connection, "int8", ordered.keySet().toArray()),
                KeptPlan.array(connection, "int8", ordered.values().toArray()));
    }

    private static Obstacle obstacle(ResultSet row) throws SQLException {
        String view = SqlNames.identifier(row.getString(3)) + "." + SqlNames.identifier(row.getString(2));
        String source = SqlNames.identifier(row.getString(6)) + "." + SqlNames.identifier(row.getString(5));
        String owner = SqlNames.identifier(row.getString(4));
        return row.getBoolean(7)
                ? new Obstacle(
                        "row-level security of " + source + " may hide rows from " + owner + ", the owner of " + view
                                + "; an incremental view is not recomputed as its owner",
                        Remedy.text("refreshd convert " + SqlNames.literal(view) + " --back --apply"))
                : new Obstacle(
                        owner + ", the owner of " + view + ", may not read " + source,
                        Remedy.sql("GRANT SELECT ON " + source + " TO " + owner));
    }
}
