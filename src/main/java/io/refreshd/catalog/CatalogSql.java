package io.refreshd.catalog;

/**
 * The SQL that reads {@code pg_catalog}, for PostgreSQL 15 and later. Every role may run it. The parameter {@code ?} is an
 * {@code int8[]} of oids, unless a query says otherwise.
 */
final class CatalogSql {
    private CatalogSql() {}

    /** Oids of relations by name. Parameters: schemas and names, two {@code text[]} of the same length. */
    static final String OIDS_OF = """
            SELECT c.oid::int8
              FROM unnest(?::text[], ?::text[]) AS w (schema, name)
              JOIN pg_catalog.pg_namespace n ON n.nspname::text = w.schema
              JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname::text = w.name
             ORDER BY c.oid
            """;

    /**
     * Rows of pg_class, for {@link Relation}. The replica identity {@code g} stands for one that holds a generated column: such a
     * column is not published, and from PostgreSQL 18 on UPDATE and DELETE of a published table fail if its identity holds one.
     */
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

    /**
     * Rows of pg_attribute, for {@link Relation.Column}. The last column names the type for lookups. It is empty unless the text form
     * of a value gives back the same value under all settings. That holds of enums, boolean, whole numbers, numeric, text types under
     * a deterministic collation, date, timestamps and uuid.
     */
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
     * The queries of views, and the conditions by which policies let rows of a table be read. The xmin of each row is part of its
     * hash: a query that was replaced and put back counts as another one, since a refresh in between may have used the replacement.
     *
     * <p>Whoever may create a view decides how large its query is. So {@code tree} is null above 4 MB, and beyond 64 MB of all
     * together, the smallest first: such a query costs the server nothing, since the length stands in front of the stored text.
     */
    private static final String QUERIES = """
            WITH wanted(oid) AS (
              SELECT unnest(?::int8[])::oid
            ), source(reader, class, oid, tree, settings) AS (
              SELECT r.ev_class, 'pg_catalog.pg_rewrite'::regclass, r.oid, r.ev_action::text, r.xmin::text
                FROM pg_catalog.pg_rewrite r
               WHERE r.ev_class IN (SELECT oid FROM wanted) AND r.ev_type = '1'
              UNION ALL
              SELECT p.polrelid, 'pg_catalog.pg_policy'::regclass, p.oid, coalesce(p.polqual::text, ''),
                     concat(p.xmin, ' ', p.polpermissive, p.polroles)
                FROM pg_catalog.pg_policy p
               WHERE p.polrelid IN (SELECT oid FROM wanted) AND p.polcmd IN ('*', 'r')
            ), query(reader, class, oid, tree, settings) AS (
              SELECT reader, class, oid,
                     CASE WHEN octet_length(tree) <= 4194304
                           AND sum(octet_length(tree)) OVER (ORDER BY octet_length(tree), class, oid) <= 67108864
                          THEN tree END,
                     concat(settings, ' ', octet_length(tree))
                FROM source
            )
            """;

    /** The relations that each query reads, with the numbers of the columns; 0 stands for the relation as a whole. */
    static final String READS = QUERIES + """
            SELECT q.reader::int8, d.refobjid::int8, array_agg(DISTINCT d.refobjsubid)
              FROM query q
              JOIN pg_catalog.pg_depend d ON d.classid = q.class AND d.objid = q.oid
             WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> q.reader AND d.refobjid >= 16384
             GROUP BY q.reader, d.refobjid
             ORDER BY q.reader, d.refobjid
            """;

    /**
     * The hash and the properties of each query, for {@link Rule}. A blank inside a name is escaped in the text of a query tree, so
     * that no name can match one of these patterns.
     *
     * <p>The tree itself is returned only if the server's encoding is UTF-8. A constant in the tree is in the server's encoding, and is
     * later compared with values from the log, which are in UTF-8. Nor is it returned above 256 kB, or beyond 16 MB of all together, the
     * smallest first: the daemon's heap is small; nor from a server that is too new: {@link TestedVersions}. Without the tree, the view counts as affected by more changes than necessary, and each
     * cast of text to a date or time counts as one that may read the clock.
     */
    private static final String RULES = QUERIES + """
            SELECT reader::int8, hash, whole_row, clock, sample,
                   CASE WHEN octet_length(tree) <= 262144
                         AND sum(octet_length(tree)) OVER (ORDER BY octet_length(tree), reader) <= 16777216
                        THEN tree ELSE '' END,
                   unexamined, session, object_types, object_types AND by_text, system_columns
              FROM (SELECT q.reader, md5(string_agg(concat(q.tree, q.settings), '|' ORDER BY q.oid)) AS hash,
                           bool_or(q.tree IS NULL OR position(':varattno 0 ' IN q.tree) > 0) AS whole_row,
                           bool_or(q.tree ~ 'SQLVALUEFUNCTION :op [0-8] '
                                   OR NOT (TREES_ARE_READ) AND position('{COERCEVIAIO ' IN q.tree) > 0
                                      AND q.tree ~ ' :resulttype (1082|1083|1114|1184|1266) ') AS clock,
                           bool_or(position('{TABLESAMPLECLAUSE ' IN q.tree) > 0) AS sample,
                           coalesce(max(q.tree) FILTER (WHERE q.class = 'pg_catalog.pg_rewrite'::regclass
                                                          AND TREES_ARE_READ), '') AS tree,
                           bool_or(q.tree IS NULL) AS unexamined,
                           bool_or(q.tree ~ 'SQLVALUEFUNCTION :op (12|13|14) ') AS session,
                           bool_or(q.tree ~ 'type (24|2202|2203|2204|2205|2206|4089|4096|4191) ') AS object_types,
                           bool_or(q.tree ~ '\\{(COERCEVIAIO|XMLEXPR|JSON[A-Z]+) ') AS by_text,
                           bool_or(q.tree ~ ':varattno -[1-5] ') AS system_columns
                      FROM query q
                     GROUP BY q.reader) examined
             ORDER BY reader
            """;

    /** @param trees whether the form of this server's query trees is known */
    static String rules(boolean trees) {
        return RULES.replace("TREES_ARE_READ", trees ? "current_setting('server_encoding') = 'UTF8'" : "false");
    }

    /**
     * The oids of functions in the queries, and of relations with an {@code r} before the number.
     *
     * <p>They are found in the text of the query trees, since pg_depend has no rows for pinned objects. Functions stand behind funcid,
     * opfuncid, aggfnoid and winfnoid. Splitting the text is several times as fast as a regular expression over all of it. The
     * functions behind operators of users come from pg_depend.
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
     * The functions that each query calls, support functions of users' aggregates included, and the system catalogs that it reads.
     *
     * <p>One query does both, since decompressing the query trees takes most of the time. Built-in functions that are immutable are
     * left out: they decide nothing here, and they are the majority.
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

    /** Rows of pg_proc, for {@link Function}. */
    static final String FUNCTIONS = """
            SELECT p.oid::int8, n.nspname::text, p.proname::text, pg_catalog.pg_get_function_identity_arguments(p.oid),
                   p.provolatile::text,
                   md5(concat_ws('|', p.provolatile, p.prolang, p.probin, p.proconfig, p.prosqlbody::text, p.prosrc, p.xmin)),
                   EXISTS (WITH RECURSIVE called(oid) AS (
                             SELECT p.oid
                             UNION
                             SELECT d.refobjid
                               FROM called JOIN pg_catalog.pg_depend d
                                 ON d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = called.oid
                                AND d.refclassid = 'pg_catalog.pg_proc'::regclass)
                           SELECT
                             FROM called JOIN pg_catalog.pg_depend d
                               ON d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = called.oid
                              AND d.refclassid = 'pg_catalog.pg_class'::regclass)
              FROM pg_catalog.pg_proc p
              JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
             WHERE p.oid = ANY (?::int8[]::oid[])
             ORDER BY p.oid
            """;

    /** Rows of pg_inherits, for {@link Catalog.Inheritance}. */
    static final String INHERITANCES = """
            SELECT inhparent::int8, inhrelid::int8, xmin::text
              FROM pg_catalog.pg_inherits
             WHERE inhrelid = ANY (?::int8[]::oid[])
             ORDER BY inhparent, inhrelid
            """;

    /** Rows of pg_index, for {@link Index}; without the columns of INCLUDE. */
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
}
