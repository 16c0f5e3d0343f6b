package io.refreshd.catalog;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The version of an incremental view's definition: a hash of the names, queries and columns in reach of it and of its store.
 *
 * <p>Changed keys are routed by one version, and say nothing under another. Those that lead through other tables name these. A round compares the version in its own snapshot with that
 * of its task, and recomputes everything if they differ. It costs a few index look-ups. The fingerprint of the catalog, which finds
 * more, would cost as much as a round.
 */
public final class DefinitionVersion {
    private static final KeptPlan VERSIONS = KeptPlan.of("""
            WITH RECURSIVE reach(view, oid) AS (
              SELECT view, root::oid FROM unnest($1::int8[], $2::int8[]) AS given (view, root)
              UNION
              SELECT r.view, e.oid
                FROM reach r
               CROSS JOIN LATERAL (
                 SELECT d.refobjid
                   FROM pg_catalog.pg_rewrite w
                   JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
                  WHERE w.ev_class = r.oid AND w.ev_type = '1' AND d.refclassid = 'pg_catalog.pg_class'::regclass
                    AND d.refobjid <> r.oid AND d.refobjid >= 16384
                 UNION ALL
                 SELECT h.inhrelid FROM pg_catalog.pg_inherits h WHERE h.inhparent = r.oid) AS e (oid)
            )
            SELECT view, md5(string_agg(concat_ws(' ', oid,
                     (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c
                        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = reach.oid),
                     (SELECT string_agg(w.xmin::text, ',' ORDER BY w.oid) FROM pg_catalog.pg_rewrite w WHERE w.ev_class = reach.oid),
                     (SELECT bit_xor(hash_record_extended(ROW(a.attnum, a.xmin), 0))
                        FROM pg_catalog.pg_attribute a WHERE a.attrelid = reach.oid AND a.attnum > 0),
                     (SELECT string_agg(h.xmin::text, ',' ORDER BY h.inhparent) FROM pg_catalog.pg_inherits h
                       WHERE h.inhrelid = reach.oid)), ';' ORDER BY oid))
              FROM reach
             GROUP BY view
            """, 2);

    private DefinitionVersion() {}

    /** The version that the present transaction sees. */
    public static String of(Connection connection, long definition, long store) throws SQLException {
        return of(connection, Map.of(0L, List.of(definition, store))).getOrDefault(0L, "");
    }

    /** By view. @param roots for each view the oids of its definition and of its store */
    public static Map<Long, String> of(Connection connection, Map<Long, List<Long>> roots) throws SQLException {
        if (roots.isEmpty()) {
            return new HashMap<>();
        }
        List<Long> views = new ArrayList<>();
        List<Long> oids = new ArrayList<>();
        roots.forEach((view, ofView) -> ofView.forEach(oid -> {
            views.add(view);
            oids.add(oid);
        }));
        return VERSIONS.query(
                connection,
                row -> {
                    Map<Long, String> versions = new HashMap<>();
                    while (row.next()) {
                        versions.put(row.getLong(1), row.getString(2));
                    }
                    return versions;
                },
                KeptPlan.array(connection, "int8", views.toArray()),
                KeptPlan.array(connection, "int8", oids.toArray()));
    }
}
