package io.refreshd.catalog;

/**
 * The SQL that finds what the content of views depends on besides rows: objects in {@code pg_depend}, and the rights by which rows are
 * read. For PostgreSQL 15 and later. Every role may run it.
 *
 * <p>Objects below oid 12000 are pinned: they change only with the server, and {@code pg_depend} has no row for them.
 */
final class ContentSql {
    private ContentSql() {}

    /** Settings that only bear on time, logging or the choice of a plan: a regular expression, as an SQL constant. */
    private static final String WITHOUT_EFFECT_ON_CONTENT = " '^("
            + String.join(
                    "|",
                    "[a-z_]*_timeout",
                    "[a-z_]*work_mem",
                    "[a-z_]*_cost",
                    "[a-z_]*_buffers",
                    "jit[a-z_]*",
                    "(log|enable|track|effective|max_parallel|min_parallel)_[a-z_]*",
                    "(auto_explain|pg_stat_statements)\\.[a-z_.]*",
                    "client_min_messages",
                    "synchronous_commit",
                    "plan_cache_mode",
                    "application_name")
            + ")=' ";

    /**
     * The references of each query and of each column, with the version of the object itself; number 0 is the query. Parameter: oids of
     * relations.
     *
     * <ul>
     *   <li>Stored generated columns change when a row is written or the table is rewritten, so that only the expression counts. What the
     *       expression of a virtual one calls counts as well.
     *   <li>The xmin of a column's row shows a rewrite of the table by ALTER COLUMN TYPE … USING.
     * </ul>
     */
    static final String PARTS = """
            WITH wanted(oid) AS (
              SELECT unnest(?::int8[])::oid
            ), query(reader, class, oid) AS (
              SELECT r.ev_class, 'pg_catalog.pg_rewrite'::regclass, r.oid
                FROM pg_catalog.pg_rewrite r
               WHERE r.ev_class IN (SELECT oid FROM wanted) AND r.ev_type = '1'
              UNION ALL
              SELECT p.polrelid, 'pg_catalog.pg_policy'::regclass, p.oid
                FROM pg_catalog.pg_policy p
               WHERE p.polrelid IN (SELECT oid FROM wanted) AND p.polcmd IN ('*', 'r')
            ), part(relation, number, version, class, object) AS (
              SELECT q.reader, 0, '', d.refclassid, d.refobjid
                FROM query q
                JOIN pg_catalog.pg_depend d ON d.classid = q.class AND d.objid = q.oid
               WHERE d.refclassid NOT IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_namespace'::regclass)
              UNION ALL
              SELECT c.oid, 0, concat(c.relowner, ' ', c.reloptions), 0::oid, 0::oid
                FROM pg_catalog.pg_class c
               WHERE c.oid IN (SELECT oid FROM wanted) AND c.relkind = 'v'
              UNION ALL
              SELECT a.attrelid, a.attnum, concat(a.xmin, ' ', md5(f.adbin::text)), o.class, o.object
                FROM pg_catalog.pg_attribute a
                LEFT JOIN pg_catalog.pg_attrdef f
                  ON a.attgenerated <> '' AND f.adrelid = a.attrelid AND f.adnum = a.attnum
                CROSS JOIN LATERAL (VALUES ('pg_catalog.pg_type'::regclass::oid, a.atttypid),
                                           ('pg_catalog.pg_collation'::regclass::oid, a.attcollation)) AS o (class, object)
               WHERE a.attrelid IN (SELECT oid FROM wanted) AND a.attnum > 0 AND NOT a.attisdropped
                 AND (o.object >= 12000 OR o.class = 'pg_catalog.pg_type'::regclass)
              UNION ALL
              SELECT a.attrelid, a.attnum, '', d.refclassid, d.refobjid
                FROM pg_catalog.pg_attribute a
                JOIN pg_catalog.pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
                JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = f.oid
               WHERE a.attrelid IN (SELECT oid FROM wanted) AND a.attgenerated = 'v'
                 AND d.refclassid <> 'pg_catalog.pg_class'::regclass
            )
            SELECT relation::int8, number::int4, max(version),
                   array_agg(DISTINCT class::int8 || ':' || object::int8) FILTER (WHERE object >= 12000)
              FROM part
             GROUP BY relation, number
             ORDER BY relation, number
            """;

    /**
     * Facts about roles, and about roles and relations. Parameter: oids of relations, three times.
     *
     * <ul>
     *   <li>{@code ROLE}: name of an owner of views, settings of a session of that role, and what belongs to the database.
     *       Settings that only bear on time, logging or the choice of a plan are left out.
     *   <li>{@code ROWS}: the policies that decide which rows of a table a role reads. Nothing if the role reads all rows.
     *   <li>{@code SELECT}: the columns that a role may read. Nothing if the role may read all. Every role counts for the definition of an
     *       incremental view, which must read nothing that the view's owner may not read.
     *   <li>{@code TEXT_SEARCH}: all configurations and dictionaries, for queries that choose one when they run.
     * </ul>
     */
    static final String FACTS = """
            WITH wanted AS (
              SELECT * FROM pg_catalog.pg_class WHERE oid IN (SELECT unnest(?::int8[])::oid)
            ), current AS (
              SELECT * FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
            ), reader(oid) AS MATERIALIZED (
              SELECT DISTINCT relowner FROM wanted WHERE relkind IN ('m', 'v')
            ), query(reader, class, oid) AS (
              SELECT r.ev_class, 'pg_catalog.pg_rewrite'::regclass, r.oid
                FROM pg_catalog.pg_rewrite r
               WHERE r.ev_class IN (SELECT unnest(?::int8[])::oid) AND r.ev_type = '1'
              UNION ALL
              SELECT p.polrelid, 'pg_catalog.pg_policy'::regclass, p.oid
                FROM pg_catalog.pg_policy p
               WHERE p.polrelid IN (SELECT unnest(?::int8[])::oid) AND p.polcmd IN ('*', 'r')
            ), reads(role, relation) AS MATERIALIZED (
              SELECT reader.oid, d.refobjid
                FROM query q
                JOIN wanted w ON w.oid = q.reader
                JOIN pg_catalog.pg_depend d ON d.classid = q.class AND d.objid = q.oid
                JOIN reader ON reader.oid = w.relowner OR w.relkind NOT IN ('m', 'v')
                            OR w.relkind = 'v' AND w.reloptions::text ~ 'security_invoker'
                            OR w.relkind = 'v' AND w.relnamespace = pg_catalog.to_regnamespace('""" + IncrementalViews.SCHEMA + """
            ')
               WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> q.reader AND d.refobjid >= 16384
               GROUP BY reader.oid, d.refobjid
            )
            SELECT 'ROLE', r.oid::int8, 0::int8,
                   concat_ws('|', r.rolname, c.datname, c.datcollate, c.datctype,
                             pg_catalog.pg_database_collation_actual_version(c.oid),
                             (SELECT string_agg(concat_ws(' ', s.setdatabase, s.setrole, o), '|'
                                                ORDER BY s.setdatabase, s.setrole, o)
                                FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) AS o
                               WHERE s.setdatabase IN (0, c.oid) AND s.setrole IN (0, r.oid)
                                 AND o !~ """ + WITHOUT_EFFECT_ON_CONTENT + """
                             ))
              FROM pg_catalog.pg_roles r CROSS JOIN current c
             WHERE r.oid IN (SELECT relowner FROM wanted WHERE relkind IN ('m', 'v'))
            UNION ALL
            SELECT 'ROWS', r.oid::int8, w.oid::int8,
                   concat('policies', (SELECT string_agg(concat(' ', p.oid, ':', p.xmin), '' ORDER BY p.oid)
                                         FROM pg_catalog.pg_policy p
                                        WHERE p.polrelid = w.oid AND p.polcmd IN ('*', 'r')
                                          AND EXISTS (SELECT FROM unnest(p.polroles) AS member
                                                       WHERE member = 0 OR pg_catalog.pg_has_role(r.oid, member, 'USAGE'))))
              FROM wanted w
              CROSS JOIN reader
              JOIN pg_catalog.pg_roles r ON r.oid = reader.oid
             WHERE w.relrowsecurity AND NOT r.rolsuper AND NOT r.rolbypassrls
               AND (w.relforcerowsecurity OR NOT pg_catalog.pg_has_role(r.oid, w.relowner, 'USAGE'))
            UNION ALL
            SELECT 'SELECT', reads.role::int8, reads.relation::int8,
                   concat('columns', (SELECT string_agg(concat(' ', a.attnum), '' ORDER BY a.attnum)
                                        FROM pg_catalog.pg_attribute a
                                       WHERE a.attrelid = reads.relation AND a.attnum > 0 AND NOT a.attisdropped
                                         AND pg_catalog.has_column_privilege(reads.role, reads.relation, a.attnum, 'SELECT')))
              FROM reads
             WHERE NOT pg_catalog.has_table_privilege(reads.role, reads.relation, 'SELECT')
            UNION ALL
            SELECT 'TEXT_SEARCH', 0, 0,
                   concat_ws(' ', (SELECT md5(string_agg(concat_ws(' ', oid, xmin), ',' ORDER BY oid)) FROM pg_catalog.pg_ts_config),
                                  (SELECT md5(string_agg(concat_ws(' ', oid, xmin), ',' ORDER BY oid)) FROM pg_catalog.pg_ts_dict),
                                  (SELECT md5(string_agg(concat_ws(' ', mapcfg, maptokentype, mapseqno, mapdict), ','
                                                         ORDER BY mapcfg, maptokentype, mapseqno)) FROM pg_catalog.pg_ts_config_map))
            """;
}
