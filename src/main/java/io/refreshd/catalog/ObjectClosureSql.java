package io.refreshd.catalog;

/** The SQL that follows {@code pg_depend} from one object to all that it depends on. For PostgreSQL 15 and later; any role may run it. */
final class ObjectClosureSql {
    private ObjectClosureSql() {}

    /**
     * Everything that the start objects depend on, directly or not, with its references. Parameter: {@code text[]} of start objects. The
     * last column but one is the id of a running transaction that is altering the object: a row that is visible has an xmax of a
     * transaction in progress, or of one that failed.
     *
     * <ul>
     *   <li>pg_depend leads from a type to its functions and its parts, from a configuration to its dictionaries, from an aggregate and an
     *       operator to their functions, and from a body in the standard's form to all that it calls and reads.
     *   <li>Constraints of domains, columns of composite types, operator classes of a type and rules of views are added; and the casts from
     *       a type, since to_json and the like look for one when they run.
     *   <li>The body of a function in any other form is a string, and the server does not know what it calls. Every function, type,
     *       configuration and operator of a user counts whose name stands in the string.
     *   <li>Such a body also needs the schema of what it calls, so the rights on a schema are part of its functions and types.
     *   <li>Where there are more than 500 such bodies, or a body is longer than 10,000 characters, it is not searched: every function of
     *       a user counts. The object with the highest oid stands for them all.
     * </ul>
     */
    static final String OBJECTS = """
            WITH RECURSIVE start(class, object) AS (
              SELECT split_part(s, ':', 1)::oid, split_part(s, ':', 2)::oid FROM unnest(?::text[]) AS s
            ), named(class, object, name) AS MATERIALIZED (
              SELECT 'pg_catalog.pg_proc'::regclass::oid, oid, lower(proname::text)
                FROM pg_catalog.pg_proc WHERE oid >= 16384
              UNION ALL
              SELECT 'pg_catalog.pg_type'::regclass, oid, lower(typname::text)
                FROM pg_catalog.pg_type WHERE oid >= 16384 AND typtype <> 'c' AND NOT (typtype = 'b' AND typcategory = 'A')
              UNION ALL
              SELECT 'pg_catalog.pg_ts_config'::regclass, oid, lower(cfgname::text)
                FROM pg_catalog.pg_ts_config WHERE oid >= 12000
              UNION ALL
              SELECT 'pg_catalog.pg_operator'::regclass, oid, oprname::text
                FROM pg_catalog.pg_operator WHERE oid >= 16384
            ), oddly_named AS MATERIALIZED (
              SELECT * FROM named WHERE name ~ '[^a-z0-9_]'
            ), few(bodies) AS MATERIALIZED (
              SELECT count(*) <= 500
                FROM pg_catalog.pg_proc p
                JOIN pg_catalog.pg_language l ON l.oid = p.prolang
               WHERE p.oid >= 16384 AND p.prosqlbody IS NULL AND l.lanname NOT IN ('internal', 'c')
            ), body(oid, words, text) AS NOT MATERIALIZED (
              SELECT p.oid,
                     CASE WHEN (SELECT bodies FROM few) AND length(p.prosrc) <= 10000
                          THEN translate(lower(p.prosrc), E'\\t\\n\\r!"#$%&()*+,-./:;<=>?@[]^`{|}~\\'\\\\', repeat(' ', 40)) END,
                     lower(p.prosrc)
                FROM pg_catalog.pg_proc p
                JOIN pg_catalog.pg_language l ON l.oid = p.prolang
               WHERE p.oid >= 16384 AND p.prosqlbody IS NULL AND l.lanname NOT IN ('internal', 'c')
            ), newest(xid) AS (
              SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::int8
            ), seen(class, object) AS (
              SELECT class, object FROM start
              UNION
              SELECT e.class, e.object FROM seen CROSS JOIN LATERAL (""" + edgesOf("seen") + """
                ) AS e (class, object)
            )
            SELECT seen.class::int8 || ':' || seen.object::int8,
                   CASE WHEN seen.object = 4294967295 THEN
                     (SELECT md5(concat_ws(' ',
                          (SELECT bit_xor(hash_record_extended(ROW(oid, xmin), 0)) FROM pg_catalog.pg_proc WHERE oid >= 16384),
                          (SELECT bit_xor(hash_record_extended(ROW(oid, xmin), 0)) FROM pg_catalog.pg_enum),
                          (SELECT bit_xor(hash_record_extended(ROW(oid, xmin), 0)) FROM pg_catalog.pg_operator WHERE oid >= 16384),
                          (SELECT bit_xor(hash_record_extended(ROW(ctid, xmin), 0)) FROM pg_catalog.pg_ts_config_map),
                          (SELECT bit_xor(hash_record_extended(ROW(oid, xmin), 0)) FROM pg_catalog.pg_constraint
                            WHERE contypid > 0))))
                   ELSE CASE seen.class
                     WHEN 'pg_catalog.pg_proc'::regclass THEN
                       (SELECT concat_ws(' ', p.xmin, hash_record_extended(ROW(n.nspowner, n.nspacl), 0))
                          FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                         WHERE p.oid = seen.object)
                     WHEN 'pg_catalog.pg_operator'::regclass THEN
                       (SELECT xmin::text FROM pg_catalog.pg_operator WHERE oid = seen.object)
                     WHEN 'pg_catalog.pg_constraint'::regclass THEN
                       (SELECT xmin::text FROM pg_catalog.pg_constraint WHERE oid = seen.object)
                     WHEN 'pg_catalog.pg_rewrite'::regclass THEN
                       (SELECT xmin::text FROM pg_catalog.pg_rewrite WHERE oid = seen.object)
                     WHEN 'pg_catalog.pg_ts_dict'::regclass THEN
                       (SELECT xmin::text FROM pg_catalog.pg_ts_dict WHERE oid = seen.object)
                     WHEN 'pg_catalog.pg_ts_config'::regclass THEN
                       (SELECT md5(string_agg(concat_ws(' ', maptokentype, mapseqno, mapdict), ',' ORDER BY maptokentype, mapseqno))
                          FROM pg_catalog.pg_ts_config_map WHERE mapcfg = seen.object)
                     WHEN 'pg_catalog.pg_collation'::regclass THEN
                       (SELECT concat_ws(' ', xmin, pg_catalog.pg_collation_actual_version(oid))
                          FROM pg_catalog.pg_collation WHERE oid = seen.object)
                     WHEN 'pg_catalog.pg_type'::regclass THEN
                       (SELECT concat_ws(' ', CASE WHEN typtype <> 'c' THEN xmin::text END,
                                      (SELECT hash_record_extended(ROW(nspowner, nspacl), 0) FROM pg_catalog.pg_namespace
                                        WHERE oid = typnamespace),
                                      (SELECT md5(string_agg(format('%s %I %s', enumsortorder, enumlabel, xmin), ',' ORDER BY enumsortorder))
                                         FROM pg_catalog.pg_enum WHERE enumtypid = seen.object))
                          FROM pg_catalog.pg_type WHERE oid = seen.object)
                     WHEN 'pg_catalog.pg_class'::regclass THEN
                       (SELECT md5(string_agg(format('%s %I %s %s %s %s', attnum, attname, atttypid, atttypmod, attcollation, xmin), ','
                                              ORDER BY attnum))
                          FROM pg_catalog.pg_attribute WHERE attrelid = seen.object AND attnum > 0)
                   END END,
                   (SELECT format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid))
                      FROM body JOIN pg_catalog.pg_proc p ON p.oid = body.oid
                      JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                     WHERE seen.class = 'pg_catalog.pg_proc'::regclass AND body.oid = seen.object
                       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x
                                        WHERE x.classid = seen.class AND x.objid = seen.object AND x.deptype = 'e')),
                   ARRAY(SELECT DISTINCT e.class::int8 || ':' || e.object::int8 FROM (""" + edgesOf("seen") + """
                   ) AS e (class, object)),
                   (SELECT min(full_xid.xid)::text FROM newest CROSS JOIN (
                       SELECT xmax FROM pg_catalog.pg_proc
                        WHERE seen.class = 'pg_catalog.pg_proc'::regclass AND oid = seen.object
                       UNION ALL
                       SELECT xmax FROM pg_catalog.pg_operator
                        WHERE seen.class = 'pg_catalog.pg_operator'::regclass AND oid = seen.object
                       UNION ALL
                       SELECT xmax FROM pg_catalog.pg_type
                        WHERE seen.class = 'pg_catalog.pg_type'::regclass AND oid = seen.object
                       UNION ALL
                       SELECT xmax FROM pg_catalog.pg_enum
                        WHERE seen.class = 'pg_catalog.pg_type'::regclass AND enumtypid = seen.object
                       UNION ALL
                       SELECT xmax FROM pg_catalog.pg_constraint
                        WHERE seen.class = 'pg_catalog.pg_constraint'::regclass AND oid = seen.object
                       UNION ALL
                       SELECT xmax FROM pg_catalog.pg_collation
                        WHERE seen.class = 'pg_catalog.pg_collation'::regclass AND oid = seen.object
                       UNION ALL
                       SELECT xmax FROM pg_catalog.pg_ts_dict
                        WHERE seen.class = 'pg_catalog.pg_ts_dict'::regclass AND oid = seen.object
                       UNION ALL
                       SELECT xmax FROM pg_catalog.pg_ts_config_map
                        WHERE seen.class = 'pg_catalog.pg_ts_config'::regclass AND mapcfg = seen.object
                       UNION ALL
                       SELECT xmax FROM pg_catalog.pg_depend
                        WHERE seen.class = 'pg_catalog.pg_ts_config'::regclass AND classid = seen.class AND objid = seen.object
                     ) AS replaced
                      CROSS JOIN LATERAL (SELECT newest.xid + 2147483648
                                               - (newest.xid + 2147483648 - replaced.xmax::text::int8 & 4294967295)) AS full_xid (xid)
                      WHERE replaced.xmax <> '0'::xid
                        AND CASE WHEN full_xid.xid >= newest.xid THEN true
                                 WHEN full_xid.xid > 0
                                 THEN pg_catalog.pg_xact_status(full_xid.xid::text::xid8) = 'in progress' END),
                   pg_catalog.pg_describe_object(seen.class, seen.object, 0)
              FROM seen
            """;

    /** The objects above the pinned ones that the object {@code from} refers to. */
    private static String edgesOf(String from) {
        return """
                SELECT class, object FROM (
                  SELECT d.refclassid, d.refobjid
                    FROM pg_catalog.pg_depend d
                   WHERE d.classid = FROM_.class AND d.objid = FROM_.object AND d.deptype NOT IN ('e', 'x')
                     AND d.refclassid NOT IN ('pg_catalog.pg_namespace'::regclass, 'pg_catalog.pg_language'::regclass)
                  UNION ALL
                  SELECT 'pg_catalog.pg_class'::regclass, t.typrelid
                    FROM pg_catalog.pg_type t
                   WHERE FROM_.class = 'pg_catalog.pg_type'::regclass AND t.oid = FROM_.object AND t.typrelid <> 0
                  UNION ALL
                  SELECT 'pg_catalog.pg_constraint'::regclass, c.oid
                    FROM pg_catalog.pg_constraint c
                   WHERE FROM_.class = 'pg_catalog.pg_type'::regclass AND c.contypid = FROM_.object
                  UNION ALL
                  SELECT 'pg_catalog.pg_proc'::regclass, s.amproc::oid
                    FROM pg_catalog.pg_amproc s
                   WHERE FROM_.class = 'pg_catalog.pg_type'::regclass AND s.oid >= 16384 AND s.amproclefttype = FROM_.object
                  UNION ALL
                  SELECT 'pg_catalog.pg_proc'::regclass, k.castfunc
                    FROM pg_catalog.pg_cast k
                   WHERE FROM_.class = 'pg_catalog.pg_type'::regclass AND k.oid >= 16384 AND k.castsource = FROM_.object
                  UNION ALL
                  SELECT 'pg_catalog.pg_operator'::regclass, s.amopopr
                    FROM pg_catalog.pg_amop s
                   WHERE FROM_.class = 'pg_catalog.pg_type'::regclass AND s.oid >= 16384 AND s.amoplefttype = FROM_.object
                  UNION ALL
                  SELECT 'pg_catalog.pg_rewrite'::regclass, r.oid
                    FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
                   WHERE FROM_.class = 'pg_catalog.pg_class'::regclass AND r.ev_class = FROM_.object
                     AND r.ev_type = '1' AND c.relkind = 'v'
                  UNION ALL
                  SELECT named.class, named.object
                    FROM body
                    CROSS JOIN LATERAL (SELECT DISTINCT w FROM string_to_table(body.words, ' ') AS w) AS word
                    JOIN named ON named.name = word.w
                   WHERE FROM_.class = 'pg_catalog.pg_proc'::regclass AND body.oid = FROM_.object
                  UNION ALL
                  SELECT o.class, o.object
                    FROM body JOIN oddly_named o ON position(o.name IN body.text) > 0
                   WHERE FROM_.class = 'pg_catalog.pg_proc'::regclass AND body.oid = FROM_.object AND body.words IS NOT NULL
                  UNION ALL
                  SELECT 'pg_catalog.pg_proc'::regclass, 4294967295
                    FROM body
                   WHERE FROM_.class = 'pg_catalog.pg_proc'::regclass AND body.oid = FROM_.object AND body.words IS NULL
                ) AS reference (class, object)
                 WHERE object >= 12000""".replace("FROM_", from);
    }
}
