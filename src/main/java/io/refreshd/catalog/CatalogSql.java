package io.refreshd.catalog;

/** The queries. Valid on PostgreSQL 15 and later; readable by every role. Parameter {@code ?}: oids as {@code int8[]}. */
final class CatalogSql {
    private CatalogSql() {}

    /**
     * All materialized views and what they stand on. Rules of other events than SELECT (an ON INSERT rule of a table) are
     * not reads. What policies read is taken in whether or not they apply. Temporary tables, which only come in as inheritance children, are left out: a session reads only its own,
     * and ours has none. The second CTE is there for its estimate: the planner takes a recursive one for huge, and would
     * compile code for it.
     */
    private static final String REACHED = """
            WITH RECURSIVE edges(reader, source) AS MATERIALIZED (
              SELECT r.ev_class, d.refobjid
                FROM pg_catalog.pg_rewrite r
                JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
               WHERE r.ev_type = '1' AND d.refclassid = 'pg_catalog.pg_class'::regclass
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
              SELECT oid FROM pg_catalog.pg_class WHERE relkind = 'm'
              UNION
              SELECT e.source FROM closure JOIN edges e ON e.reader = closure.oid
            ), reached(oid) AS MATERIALIZED (
              SELECT DISTINCT oid FROM closure
            )
            """;

    static final String OIDS = REACHED + "SELECT oid::int8 FROM reached ORDER BY oid";

    static final String OIDS_OF = """
            SELECT c.oid::int8
              FROM unnest(?::text[], ?::text[]) AS w (schema, name)
              JOIN pg_catalog.pg_namespace n ON n.nspname::text = w.schema
              JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname::text = w.name
             ORDER BY c.oid
            """;

    /**
     * One number for each catalog. Where a row is only ever written by DDL, its xmin stands for its content; pg_class is
     * not so: every refresh rewrites the row of the view. All functions and operators count, since a view's aggregate may
     * depend on them at second hand: one read too many now and then costs less than finding out.
     */
    static final String FINGERPRINT = REACHED + """
            SELECT concat_ws('/',
              (SELECT concat(count(*), ':', bit_xor(hash_record_extended(
                        ROW(c.oid, c.relnamespace, c.relname, c.relkind, c.relpersistence, c.relispopulated,
                            c.relreplident, c.relowner, c.relrowsecurity, c.relforcerowsecurity, c.reloptions,
                            has_schema_privilege(c.relnamespace, 'USAGE'), has_table_privilege(c.oid, 'SELECT')), 0)))
                 FROM pg_catalog.pg_class c WHERE c.oid IN (SELECT oid FROM reached)),
              (SELECT concat(count(*), ':', bit_xor(hash_record_extended(ROW(n.oid, n.nspname), 0)))
                 FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_(toast_)?temp_'),
              (SELECT concat(count(*), ':', bit_xor(hash_record_extended(ROW(a.attrelid, a.attnum, a.xmin), 0)))
                 FROM pg_catalog.pg_attribute a WHERE a.attnum > 0 AND a.attrelid IN (SELECT oid FROM reached)),
              (SELECT concat(count(*), ':', bit_xor(hash_record_extended(ROW(r.oid, r.xmin), 0)))
                 FROM pg_catalog.pg_rewrite r WHERE r.ev_class IN (SELECT oid FROM reached)),
              (SELECT concat(count(*), ':', bit_xor(hash_record_extended(ROW(p.oid, p.xmin), 0)))
                 FROM pg_catalog.pg_policy p WHERE p.polrelid IN (SELECT oid FROM reached)),
              (SELECT concat(count(*), ':', bit_xor(hash_record_extended(ROW(h.inhrelid, h.inhparent, h.xmin), 0)))
                 FROM pg_catalog.pg_inherits h WHERE h.inhrelid IN (SELECT oid FROM reached)),
              (SELECT concat(count(*), ':', bit_xor(hash_record_extended(
                        ROW(i.indexrelid, i.indrelid, i.indisvalid, i.xmin, c.relname), 0)))
                 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
                WHERE i.indrelid IN (SELECT oid FROM reached)),
              (SELECT concat(count(*), ':', bit_xor(hash_record_extended(ROW(p.oid, p.xmin), 0)))
                 FROM pg_catalog.pg_proc p WHERE p.oid >= 16384),
              (SELECT concat(count(*), ':', bit_xor(hash_record_extended(ROW(o.oid, o.xmin), 0)))
                 FROM pg_catalog.pg_operator o WHERE o.oid >= 16384))
            """;

    /** From 18 on UPDATE and DELETE of a published table fail if its replica identity holds a column that is not published. */
    static final String RELATIONS = """
            SELECT c.oid::int8, n.nspname::text, c.relname::text, c.relkind::text, c.relpersistence::text,
                   c.relispopulated,
                   CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 180000 AND EXISTS (
                          SELECT FROM pg_catalog.pg_attribute a
                           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> ''
                             AND (c.relreplident = 'f' OR EXISTS (
                                    SELECT FROM pg_catalog.pg_index i
                                     WHERE i.indrelid = c.oid AND a.attnum = ANY (i.indkey)
                                       AND (c.relreplident = 'd' AND i.indisprimary
                                            OR c.relreplident = 'i' AND i.indisreplident))))
                        THEN 'g' ELSE c.relreplident::text END,
                   c.relowner::int8,
                   c.relrowsecurity, c.relforcerowsecurity,
                   has_schema_privilege(n.oid, 'USAGE'), has_table_privilege(c.oid, 'SELECT'),
                   EXISTS (SELECT FROM pg_catalog.pg_options_to_table(c.reloptions)
                            WHERE option_name = 'security_invoker' AND option_value::boolean)
              FROM pg_catalog.pg_class c
              JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.oid = ANY (?::int8[]::oid[])
             ORDER BY c.oid
            """;

    /** The last column names the type for look-ups, if the text form of its values is exact whatever the settings. */
    static final String COLUMNS = """
            SELECT a.attrelid::int8, a.attnum::int4, a.attname::text, a.atttypid::int8, a.atttypmod, a.attgenerated <> '',
                   CASE WHEN coalesce(NOT l.collisdeterministic, false) THEN ''
                        WHEN b.typtype = 'e' THEN format('%I.%I', n.nspname, b.typname)
                        WHEN b.oid IN (16, 20, 21, 23, 25, 1042, 1043, 1082, 1114, 1184, 1700, 2950)
                        THEN 'pg_catalog.' || b.typname ELSE '' END
              FROM pg_catalog.pg_attribute a
              JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
              JOIN pg_catalog.pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
              JOIN pg_catalog.pg_namespace n ON n.oid = b.typnamespace
              LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
             WHERE a.attrelid = ANY (?::int8[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
             ORDER BY a.attrelid, a.attnum
            """;

    /**
     * Queries of views, and the conditions by which row-level security lets rows of a table be read. Each with the xmin of its
     * row: what was replaced and put back is not what it was, since a refresh in between may have seen the other one.
     */
    private static final String QUERIES = """
            WITH wanted(oid) AS (
              SELECT unnest(?::int8[])::oid
            ), query(reader, class, oid, tree, settings) AS (
              SELECT r.ev_class, 'pg_catalog.pg_rewrite'::regclass, r.oid, r.ev_action::text, r.xmin::text
                FROM pg_catalog.pg_rewrite r
               WHERE r.ev_class IN (SELECT oid FROM wanted) AND r.ev_type = '1'
              UNION ALL
              SELECT p.polrelid, 'pg_catalog.pg_policy'::regclass, p.oid, coalesce(p.polqual::text, ''),
                     concat(p.xmin, ' ', p.polpermissive, p.polroles)
                FROM pg_catalog.pg_policy p
               WHERE p.polrelid IN (SELECT oid FROM wanted) AND p.polcmd IN ('*', 'r')
            )
            """;

    static final String READS = QUERIES + """
            SELECT q.reader::int8, d.refobjid::int8, array_agg(DISTINCT d.refobjsubid)
              FROM query q
              JOIN pg_catalog.pg_depend d ON d.classid = q.class AND d.objid = q.oid
             WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> q.reader AND d.refobjid >= 16384
             GROUP BY q.reader, d.refobjid
             ORDER BY q.reader, d.refobjid
            """;

    /**
     * The tree comes along only where the constants in it, bytes in the server's encoding, can be read as what the log says in
     * UTF-8. In the text of a query tree a blank inside a name is escaped, so that no name can look like one of these.
     */
    static final String RULES = QUERIES + """
            SELECT q.reader::int8, md5(string_agg(q.tree || q.settings, '|' ORDER BY q.oid)),
                   bool_or(position(':varattno 0 ' IN q.tree) > 0),
                   bool_or(q.tree ~ 'SQLVALUEFUNCTION :op [0-8] '),
                   bool_or(position('{TABLESAMPLECLAUSE ' IN q.tree) > 0),
                   coalesce(max(q.tree) FILTER (WHERE q.class = 'pg_catalog.pg_rewrite'::regclass
                                                  AND current_setting('server_encoding') = 'UTF8'), '')
              FROM query q
             GROUP BY q.reader
             ORDER BY q.reader
            """;

    /**
     * Oids in the text of the queries, since pg_depend says nothing about pinned objects: functions (funcid, opfuncid,
     * aggfnoid, winfnoid), and with an r before them relations. Splitting is several times as fast as a regular
     * expression over the whole text. Then what lies behind operators and aggregates of users.
     */
    private static final String USED = QUERIES + """
            , piece AS MATERIALIZED (
              SELECT DISTINCT q.reader, substring(left(p, 12) FROM '^r?[0-9]+') AS oid
                FROM query q, string_to_table(replace(replace(q.tree, 'fnoid ', 'funcid '),
                                                      ':relid ', 'funcid r'), 'funcid ') AS p
            ), direct AS (
              SELECT reader, oid::oid FROM piece WHERE oid ~ '^[0-9]'
              UNION
              SELECT q.reader, coalesce(o.oprcode::oid, d.refobjid)
                FROM query q
                JOIN pg_catalog.pg_depend d ON d.classid = q.class AND d.objid = q.oid
                LEFT JOIN pg_catalog.pg_operator o
                  ON d.refclassid = 'pg_catalog.pg_operator'::regclass AND o.oid = d.refobjid
               WHERE d.refclassid IN ('pg_catalog.pg_operator'::regclass, 'pg_catalog.pg_proc'::regclass)
            )
            """;

    /**
     * Functions that are called, and system catalogs that are read: in one pass, since unpacking the texts takes the most
     * time of all. Built-in functions that are immutable are of no interest, and they are by far the most.
     */
    static final String CALLS_AND_SYSTEM_READS = USED + """
            , part AS (
              SELECT aggfnoid::oid, unnest(ARRAY[aggtransfn, aggfinalfn, aggcombinefn, aggmtransfn, aggminvtransfn,
                                                 aggmfinalfn])::oid AS oid
                FROM pg_catalog.pg_aggregate WHERE aggfnoid::oid >= 16384
            ), used AS (
              SELECT reader, oid FROM direct
              UNION
              SELECT direct.reader, part.oid FROM direct JOIN part ON part.aggfnoid = direct.oid
            )
            SELECT used.reader::int8, p.oid::int8, true AS is_function
              FROM used JOIN pg_catalog.pg_proc p ON p.oid = used.oid
             WHERE p.provolatile <> 'i' OR p.oid >= 16384
            UNION ALL
            SELECT piece.reader::int8, c.oid::int8, false
              FROM piece JOIN pg_catalog.pg_class c ON c.oid = substr(piece.oid, 2)::oid
             WHERE piece.oid LIKE 'r%' AND c.oid < 16384
             ORDER BY 1, 2, 3
            """;

    static final String FUNCTIONS = """
            SELECT p.oid::int8, n.nspname::text, p.proname::text, pg_catalog.pg_get_function_identity_arguments(p.oid),
                   p.provolatile::text,
                   md5(concat_ws('|', p.provolatile, p.prolang, p.probin, p.proconfig, p.prosqlbody::text, p.prosrc, p.xmin))
              FROM pg_catalog.pg_proc p
              JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
             WHERE p.oid = ANY (?::int8[]::oid[])
             ORDER BY p.oid
            """;

    static final String INHERITANCES = """
            SELECT inhparent::int8, inhrelid::int8, xmin::text
              FROM pg_catalog.pg_inherits
             WHERE inhrelid = ANY (?::int8[]::oid[])
             ORDER BY inhparent, inhrelid
            """;

    static final String INDEXES = """
            SELECT i.indexrelid::int8, i.indrelid::int8, c.relname::text, (i.indkey::int2[])[0:i.indnkeyatts - 1]::int4[],
                   i.indisunique, i.indisvalid, i.indimmediate, i.indisprimary, i.indisreplident,
                   i.indpred IS NOT NULL, a.amname = 'btree'
              FROM pg_catalog.pg_index i
              JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
              JOIN pg_catalog.pg_am a ON a.oid = c.relam
             WHERE i.indrelid = ANY (?::int8[]::oid[])
             ORDER BY i.indexrelid
            """;

    /**
     * Relations that somebody is altering: ATTACH PARTITION holds a weaker lock on the parent, which VACUUM takes too, but the
     * strongest on the child. Our own locks are not looked at.
     */
    static final String BEING_ALTERED = """
            WITH held AS MATERIALIZED (
              SELECT relation, mode, virtualtransaction FROM pg_catalog.pg_locks
               WHERE locktype = 'relation' AND granted AND pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
                 AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
                 AND mode IN ('ShareUpdateExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
            )
            SELECT DISTINCT relation::int8 FROM held
             WHERE virtualtransaction IN (SELECT virtualtransaction FROM held WHERE mode = 'AccessExclusiveLock')
            """;
}
