package io.refreshd.catalog;

/**
 * The SQL that finds the code in reach of a query over given relations, for {@link TrustedCode}. Every role may run it.
 *
 * <p>Objects are named as in {@code pg_depend}: by the oid of their system catalog and their own oid. The queries have up to three
 * parameters:
 *
 * <ol>
 *   <li>the relations, a {@code text[]} of oids or quoted names;
 *   <li>whether the queries of materialized views among them are run too;
 *   <li>whether functions of superusers with a body of text are trusted.
 * </ol>
 *
 * <p>Each is a {@link KeptPlan}: to plan these queries takes longer than to run them.
 */
final class TrustSql {
    /**
     * Whether the code of a function {@code p} is trusted. Uses the third parameter: whether the body may be text of a superuser's, in which
     * the catalog does not show what it calls; otherwise it must be native code, part of an extension, or parsed.
     *
     * <p>The owner {@code o} must be a superuser, so that nobody else can replace the code. That holds of the functions of an extension,
     * whoever created the extension. A function that is not IMMUTABLE may run a query that is handed to it as text, as tablefunc's
     * crosstab does; native code that returns one value does not, in the extensions that come with PostgreSQL.
     */
    private static final String TRUSTED = """
            (p.oid >= 16384 AND o.rolsuper
             AND (p.provolatile = 'i' OR p.provolatile = 's' AND l.lanname IN ('internal', 'c') AND NOT p.proretset
                                         AND p.prorettype <> 'pg_catalog.record'::regtype)
             AND ($3::boolean OR l.lanname IN ('internal', 'c') OR p.prosqlbody IS NOT NULL
                  OR EXISTS (SELECT FROM pg_catalog.pg_depend x
                              WHERE x.classid = 'pg_catalog.pg_proc'::regclass AND x.objid = p.oid AND x.deptype = 'e')))
            """;

    /**
     * Whether a built-in function {@code p} can run code that no catalog names: code of a query, relation or type that is handed to it
     * as a value. Functions that are called with {@code cstring} are those that make a value of a type, which may be a domain.
     */
    private static final String RUNS_VALUES = """
            (p.provolatile = 'v' AND p.proname NOT IN ('random', 'random_normal', 'clock_timestamp', 'timeofday',
                                                       'gen_random_uuid', 'uuidv4', 'uuidv7')
             OR 'pg_catalog.cstring'::regtype = ANY (p.proargtypes) OR 'pg_catalog.internal'::regtype = ANY (p.proargtypes)
             OR p.proname ~ '_to_xml'
             OR p.proname IN ('ts_rewrite', 'ts_stat', 'pg_input_is_valid', 'pg_input_error_info', 'satisfies_hash_partition',
                              'pg_get_partition_constraintdef'))
            """;

    /** The expressions and queries of the object {@code r}, as the server stores them. */
    private static final String TREES = """
            SELECT w.ev_action::text FROM pg_catalog.pg_rewrite w
             WHERE r.class = 'pg_catalog.pg_rewrite'::regclass AND w.oid = r.oid
            UNION ALL
            SELECT i.indexprs::text FROM pg_catalog.pg_index i
             WHERE r.class = 'pg_catalog.pg_class'::regclass AND i.indexrelid = r.oid
            UNION ALL
            SELECT i.indpred::text FROM pg_catalog.pg_index i
             WHERE r.class = 'pg_catalog.pg_class'::regclass AND i.indexrelid = r.oid
            UNION ALL
            SELECT p.partexprs::text FROM pg_catalog.pg_partitioned_table p
             WHERE r.class = 'pg_catalog.pg_class'::regclass AND p.partrelid = r.oid
            UNION ALL
            SELECT b.adbin::text
              FROM pg_catalog.pg_attribute a
              JOIN pg_catalog.pg_attrdef b ON b.adrelid = a.attrelid AND b.adnum = a.attnum
             WHERE r.class = 'pg_catalog.pg_class'::regclass AND a.attrelid = r.oid AND a.attgenerated <> ''
            UNION ALL
            SELECT k.conbin::text FROM pg_catalog.pg_constraint k
             WHERE r.class = 'pg_catalog.pg_constraint'::regclass AND k.oid = r.oid
            UNION ALL
            SELECT s.stxexprs::text FROM pg_catalog.pg_statistic_ext s
             WHERE r.class = 'pg_catalog.pg_statistic_ext'::regclass AND s.oid = r.oid
            UNION ALL
            SELECT p.polqual::text FROM pg_catalog.pg_policy p
             WHERE r.class = 'pg_catalog.pg_policy'::regclass AND p.oid = r.oid
            UNION ALL
            SELECT p.prosqlbody::text FROM pg_catalog.pg_proc p
             WHERE r.class = 'pg_catalog.pg_proc'::regclass AND p.oid = r.oid
            """;

    /**
     * The objects whose code may run once the object {@code r} is used in a query.
     *
     * <ul>
     *   <li>The planner evaluates expressions of indexes, statistics, constraints and partition keys of every relation in a query.
     *   <li>A value of a domain is checked by its constraints; a domain may be an element, an attribute or a base.
     *   <li>A definition is parsed anew from its text. There another function or operator of the same name in the same schema may fit
     *       better than the one that the view was made with, such as one that took any record. Those of superusers are trusted.
     *   <li>The planner puts an operator's negator in its place, or its commutator. {@code pg_depend} has neither.
     *   <li>{@code pg_depend} lacks the type of JSON_VALUE's RETURNING, and all built-in functions. Functions and types are therefore
     *       also read from the text of the trees. A blank in a name is escaped there, so that a name can add an oid but not hide one. A
     *       tree above 4 MB is not searched, and not trusted: whoever may create the object decides how large the tree is.
     * </ul>
     *
     * <p>A foreign table counts unless a superuser owns it and its server: who owns them decides which server runs what, and as whom. A
     * superuser who reads such a table can be led to a server where no password is asked for, such as this one.
     *
     * <p>Left out is what only a superuser can make: operator classes, base types, parsers and templates of text search. Collations,
     * dictionaries and composite types hold no code of their own.
     */
    private static final String EDGES = """
            SELECT d.refclassid, d.refobjid
              FROM pg_catalog.pg_depend d
             WHERE d.classid = r.class AND d.objid = r.oid AND d.refobjid >= 16384
               AND (d.refclassid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass,
                                     'pg_catalog.pg_type'::regclass)
                    OR d.refclassid = 'pg_catalog.pg_class'::regclass
                       AND r.class IN ('pg_catalog.pg_rewrite'::regclass, 'pg_catalog.pg_policy'::regclass,
                                       'pg_catalog.pg_proc'::regclass))
            UNION ALL
            SELECT 'pg_catalog.pg_rewrite'::regclass, w.oid
              FROM pg_catalog.pg_class c JOIN pg_catalog.pg_rewrite w ON w.ev_class = c.oid
             WHERE r.class = 'pg_catalog.pg_class'::regclass AND c.oid = r.oid AND c.relkind = 'v' AND w.ev_type = '1'
            UNION ALL
            SELECT 'pg_catalog.pg_type'::regclass, a.atttypid
              FROM pg_catalog.pg_attribute a
             WHERE r.class = 'pg_catalog.pg_class'::regclass AND a.attrelid = r.oid AND a.attnum > 0 AND a.atttypid >= 16384
            UNION ALL
            SELECT 'pg_catalog.pg_class'::regclass, i.indexrelid
              FROM pg_catalog.pg_index i
             WHERE r.class = 'pg_catalog.pg_class'::regclass AND i.indrelid = r.oid
            UNION ALL
            SELECT 'pg_catalog.pg_statistic_ext'::regclass, s.oid
              FROM pg_catalog.pg_statistic_ext s
             WHERE r.class = 'pg_catalog.pg_class'::regclass AND s.stxrelid = r.oid
            UNION ALL
            SELECT 'pg_catalog.pg_constraint'::regclass, k.oid
              FROM pg_catalog.pg_constraint k
             WHERE r.class = 'pg_catalog.pg_class'::regclass AND k.conrelid = r.oid AND k.contype IN ('c', 'x')
            UNION ALL
            SELECT 'pg_catalog.pg_policy'::regclass, p.oid
              FROM pg_catalog.pg_policy p
             WHERE r.class = 'pg_catalog.pg_class'::regclass AND p.polrelid = r.oid
            UNION ALL
            SELECT 'pg_catalog.pg_class'::regclass, h.inhrelid
              FROM pg_catalog.pg_inherits h
             WHERE r.class = 'pg_catalog.pg_class'::regclass AND h.inhparent = r.oid
            UNION ALL
            SELECT 'pg_catalog.pg_constraint'::regclass, k.oid
              FROM pg_catalog.pg_constraint k
             WHERE r.class = 'pg_catalog.pg_type'::regclass AND k.contypid = r.oid
            UNION ALL
            SELECT 'pg_catalog.pg_type'::regclass, a.atttypid
              FROM pg_catalog.pg_type t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid
             WHERE r.class = 'pg_catalog.pg_type'::regclass AND t.oid = r.oid AND t.typrelid <> 0 AND a.attnum > 0
               AND a.atttypid >= 16384
            UNION ALL
            SELECT 'pg_catalog.pg_proc'::regclass, q.oid
              FROM pg_catalog.pg_proc p
              JOIN pg_catalog.pg_proc q ON q.proname = p.proname AND q.pronamespace = p.pronamespace
             WHERE r.class = 'pg_catalog.pg_proc'::regclass AND p.oid = r.oid AND p.oid >= 16384 AND q.oid >= 16384
               AND NOT (SELECT o.rolsuper FROM pg_catalog.pg_roles o WHERE o.oid = q.proowner)
            UNION ALL
            SELECT 'pg_catalog.pg_operator'::regclass, x.oid
              FROM pg_catalog.pg_operator o CROSS JOIN LATERAL (VALUES (o.oprnegate), (o.oprcom)) AS x (oid)
             WHERE r.class = 'pg_catalog.pg_operator'::regclass AND o.oid = r.oid AND x.oid >= 16384
            UNION ALL
            SELECT 'pg_catalog.pg_operator'::regclass, q.oid
              FROM pg_catalog.pg_operator p
              JOIN pg_catalog.pg_operator q ON q.oprname = p.oprname AND q.oprnamespace = p.oprnamespace
             WHERE r.class = 'pg_catalog.pg_operator'::regclass AND p.oid = r.oid AND q.oid >= 16384
               AND NOT (SELECT o.rolsuper FROM pg_catalog.pg_roles o WHERE o.oid = q.oprowner)
            UNION ALL
            SELECT CASE WHEN u.field LIKE '%typ%' THEN 'pg_catalog.pg_type'::regclass ELSE 'pg_catalog.pg_proc'::regclass END,
                   m.number[1]::oid
              FROM (""" + TREES + """
                   ) AS x (tree)
             CROSS JOIN LATERAL (
               SELECT DISTINCT f AS field
                 FROM pg_catalog.string_to_table(CASE WHEN octet_length(x.tree) <= 4194304 THEN x.tree END, ' :') AS f
                WHERE f LIKE '%typ%' AND f ~ '[0-9]{5}'
                   OR f LIKE 'funcid %' OR f LIKE 'opfuncid %' OR f LIKE 'aggfnoid %' OR f LIKE 'winfnoid %') AS u
             CROSS JOIN LATERAL pg_catalog.regexp_matches(u.field, '[0-9]{1,10}', 'g') AS m (number)
             WHERE m.number[1]::int8 BETWEEN 16384 AND 4294967295
                OR u.field NOT LIKE '%typ%' AND m.number[1]::int8 < 16384
                   AND EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.oid = m.number[1]::oid AND """ + RUNS_VALUES + ")";

    private static final String SIGNATURE =
            "pg_catalog.format('the function %I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid))";

    /** The relations, the queries of theirs that are run, and everything in reach of both. */
    private static final String REACHED = """
            WITH RECURSIVE root(oid) AS (
              SELECT CASE WHEN r ~ '^[0-9]+$' THEN r::oid ELSE pg_catalog.to_regclass(r)::oid END
                FROM pg_catalog.unnest($1::text[]) AS r
            ), query(view, oid) AS (
              SELECT w.ev_class, w.oid FROM pg_catalog.pg_rewrite w
               WHERE w.ev_class IN (SELECT oid FROM root) AND w.ev_type = '1' AND $2::boolean
            ), reach(class, oid) AS (
              (SELECT 'pg_catalog.pg_class'::regclass::oid, oid FROM root
               UNION ALL
               SELECT 'pg_catalog.pg_rewrite'::regclass, oid FROM query)
              UNION
              SELECT e.class, e.oid FROM reach r CROSS JOIN LATERAL (
            """ + EDGES + """
              ) AS e (class, oid)
            )
            """;

    /** Everything in reach. The first two parameters. */
    static final KeptPlan REACH = KeptPlan.of(REACHED + "SELECT class::int8, oid::int8 FROM reach", 2);

    /**
     * The code in reach that is not trusted; no rows if all is. Each row is a function and what is wrong with it. A cast between two types
     * by such code has their oids, where both are in reach or built in: its maker owns one of them, and need not own the other. What is
     * too large to be examined is not trusted either.
     */
    static final KeptPlan UNTRUSTED =
            KeptPlan.of(REACHED + """
            , untrusted(oid, function, why) AS MATERIALIZED (
              SELECT f.oid, x.*
                FROM (SELECT oid FROM reach WHERE class = 'pg_catalog.pg_proc'::regclass
                      UNION
                      SELECT castfunc FROM pg_catalog.pg_cast WHERE oid >= 16384 AND castfunc >= 16384) f
               CROSS JOIN LATERAL (
                 SELECT""" + " " + SIGNATURE + """
            ,
                        CASE WHEN p.oid < 16384 THEN 'which can run code that is handed to it as a value'
                             WHEN NOT o.rolsuper THEN pg_catalog.format('which belongs to %I', o.rolname)
                             ELSE 'which may run code that the catalog does not name' END
                   FROM pg_catalog.pg_proc p
                   JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                   JOIN pg_catalog.pg_roles o ON o.oid = p.proowner
                   JOIN pg_catalog.pg_language l ON l.oid = p.prolang
                  WHERE p.oid = f.oid AND NOT """ + " " + TRUSTED + """
                 -- Few functions, each found by its oid; the planner would expect millions, and read all.
                 OFFSET 0) AS x
            ), bad_cast AS (
              SELECT c.castsource, c.casttarget, u.function, u.why
                FROM pg_catalog.pg_cast c JOIN untrusted u ON u.oid = c.castfunc
               WHERE c.oid >= 16384
                 AND (c.castsource < 16384
                      OR c.castsource IN (SELECT oid FROM reach WHERE class = 'pg_catalog.pg_type'::regclass))
                 AND (c.casttarget < 16384
                      OR c.casttarget IN (SELECT oid FROM reach WHERE class = 'pg_catalog.pg_type'::regclass))
            ), code AS (
              SELECT u.oid, u.function, u.why FROM untrusted u
               WHERE u.oid IN (SELECT oid FROM reach WHERE class = 'pg_catalog.pg_proc'::regclass)
            ), large AS (
              SELECT DISTINCT r.class, r.oid FROM reach r CROSS JOIN LATERAL (
            """ + TREES + """
                ) AS x (tree)
               WHERE octet_length(x.tree) > 4194304
            )
            SELECT 'code', 0::int8, 0::int8, 'pg_catalog.pg_proc'::regclass::oid::int8, oid::int8, function, why FROM code
            UNION ALL
            SELECT 'code', 0, 0, r.class::int8, r.oid::int8, pg_catalog.format('the foreign table %I.%I', n.nspname, c.relname),
                   'whose server may run anything as whoever reads it'
              FROM reach r
              JOIN pg_catalog.pg_class c ON c.oid = r.oid AND c.relkind = 'f'
              JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              JOIN pg_catalog.pg_foreign_table f ON f.ftrelid = c.oid
              JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver
             WHERE r.class = 'pg_catalog.pg_class'::regclass
               AND NOT (SELECT bool_and(o.rolsuper) FROM pg_catalog.pg_roles o WHERE o.oid IN (c.relowner, s.srvowner))
            UNION ALL
            SELECT 'cast', 'pg_catalog.pg_type'::regclass::oid::int8, castsource::int8,
                   'pg_catalog.pg_type'::regclass::oid::int8, casttarget::int8, function, why FROM bad_cast
            UNION ALL
            SELECT 'large', 0, 0, class::int8, oid::int8, pg_catalog.pg_describe_object(class, oid, 0), '' FROM large
            """, 3);

    /** For whom the code is in reach: the query of each relation, and the edges from object to object. The first two parameters. */
    static final KeptPlan GRAPH = KeptPlan.of(REACHED + """
            SELECT 'query', 0::int8, view::int8, 'pg_catalog.pg_rewrite'::regclass::oid::int8, oid::int8, '', '' FROM query
            UNION ALL
            SELECT 'edge', r.class::int8, r.oid::int8, e.class::int8, e.oid::int8,
                   CASE WHEN e.class = 'pg_catalog.pg_proc'::regclass
                        THEN pg_catalog.pg_describe_object(r.class, r.oid, 0) ELSE '' END, ''
              FROM reach r CROSS JOIN LATERAL (
            """ + EDGES + """
              ) AS e (class, oid)
            """, 2);

    private TrustSql() {}
}
