package io.refreshd.catalog;

import io.refreshd.model.UnsendableNames;

/** The SQL that finds the views of a database, and everything that they read. Every role may run it. */
final class ReachedSql {
    private ReachedSql() {}

    /**
     * The materialized views among the given relations, and everything that they read, directly or not.
     *
     * <ul>
     *   <li>So are the definitions of incremental views, and what reads their stores: see {@link IncrementalViews}.
     *   <li>Only SELECT rules count: an ON INSERT rule of a table is no read.
     *   <li>What policies read is included, whether or not the policies apply.
     *   <li>So is a relation whose row type a query names, such as {@code NULL::t}: its columns count.
     *   <li>Temporary tables, to which only inheritance leads, are left out: a session reads only its own, and this one has none.
     *   <li>{@code reached} copies {@code closure} for the sake of the estimate. The planner takes a recursive CTE for huge, and would
     *       compile code (JIT) for the rest of the query.
     * </ul>
     *
     * @param views a relation with the columns oid, relkind and relnamespace that holds all materialized views to begin with, and all
     *     relations of the schema {@link IncrementalViews#SCHEMA}
     */
    static String reachedFrom(String views) {
        return """
            WITH RECURSIVE edges(reader, source) AS MATERIALIZED (
              SELECT r.ev_class, CASE WHEN d.refclassid = 'pg_catalog.pg_class'::regclass THEN d.refobjid
                                      ELSE (SELECT t.typrelid FROM pg_catalog.pg_type t WHERE t.oid = d.refobjid) END
                FROM pg_catalog.pg_rewrite r
                JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
               WHERE r.ev_type = '1' AND d.refclassid IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_type'::regclass)
                 AND d.refobjid <> r.ev_class AND d.refobjid >= 16384
              UNION
              SELECT p.polrelid, d.refobjid
                FROM pg_catalog.pg_policy p
                JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_policy'::regclass AND d.objid = p.oid
               WHERE p.polcmd IN ('*', 'r') AND d.refclassid = 'pg_catalog.pg_class'::regclass
                 AND d.refobjid <> p.polrelid AND d.refobjid >= 16384
              UNION
              SELECT h.inhparent, h.inhrelid
                FROM pg_catalog.pg_inherits h
                JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid
               WHERE c.relpersistence <> 't' AND c.relkind IN ('r', 'p', 'f')
            ), closure(oid) AS (
              (SELECT oid FROM VIEWS_
                WHERE relkind = 'm' OR relkind = 'v' AND relnamespace = pg_catalog.to_regnamespace('SCHEMA_')
               UNION
               SELECT reader FROM edges
                WHERE source IN (SELECT oid FROM VIEWS_
                                  WHERE relkind = 'r' AND relnamespace = pg_catalog.to_regnamespace('SCHEMA_')))
              UNION
              SELECT e.source FROM closure JOIN edges e ON e.reader = closure.oid WHERE e.source <> 0
            ), reached(oid) AS MATERIALIZED (
              SELECT DISTINCT oid FROM closure
            )
            """.replace("VIEWS_", views).replace("SCHEMA_", IncrementalViews.SCHEMA);
    }

    /** All materialized views whose names the server can send. No parameter. */
    static final String MATERIALIZED_VIEWS =
            """
            SELECT c.oid::int8, n.nspname::text, c.relname::text
              FROM pg_catalog.pg_class c
              JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind = 'm' AND %s AND %s
             ORDER BY c.oid
            """.formatted(UnsendableNames.sendable("n.nspname"), UnsendableNames.sendable("c.relname"));

    /**
     * Oids of the materialized views and of everything that they read, of incremental views and what they read. Parameters: oids of the
     * materialized views to begin with; those of parts of incremental views to leave out; those of relations that are looked for as well,
     * with what they read.
     */
    static final String REACHED_OIDS = reachedFrom("begin") + """
            , begin(oid, relkind, relnamespace) AS MATERIALIZED (
              SELECT v, 'm'::"char", NULL::oid FROM pg_catalog.unnest(?::int8[]::oid[]) AS v
              UNION ALL
              SELECT oid, relkind, relnamespace FROM pg_catalog.pg_class
               WHERE relnamespace = pg_catalog.to_regnamespace('%s') AND oid <> ALL (?::int8[]::oid[])
            ), further(oid) AS (
              SELECT c.oid FROM pg_catalog.pg_class c WHERE c.oid = ANY (?::int8[]::oid[])
              UNION
              SELECT e.source FROM further JOIN edges e ON e.reader = further.oid WHERE e.source <> 0
            )
            SELECT oid::int8 FROM reached UNION SELECT oid::int8 FROM further ORDER BY 1
            """.formatted(IncrementalViews.SCHEMA);
}
