package io.refreshd.catalog;

/** The queries for the catalog's fingerprint. One of them runs with each heartbeat, so that it must be cheap with a thousand views. */
final class FingerprintSql {
    private FingerprintSql() {}

    /**
     * What the fingerprint needs beside {@code reached}, the views and all that they read.
     *
     * <ul>
     *   <li>{@code entry}: materialized views, what keeps incremental views, indexes for their names, and composite types, read together.
     *   <li>{@code further}: relations whose columns and rules count besides: composite types, relations whose row type something else has,
     *       and what bodies of functions read. They are passed as an array, so that an index finds their few rows.
     *   <li>{@code unreached}: a row for whatever should be in {@code reached} and is not, because it has become a child of a table, or a
     *       reader of what keeps an incremental view, since.
     *   <li>{@code authority}: the owners of the relations, and all roles that they are members of. Roles that come and go otherwise do
     *       not count.
     *   <li>{@code alike}: one relation for all that have the same owner, schema and access list. On these depends whether the role that
     *       asks may read them; to ask for each relation takes longer.
     * </ul>
     */
    private static final String SCOPE = """
            , store(oid) AS MATERIALIZED (
              SELECT pg_catalog.to_regnamespace('""" + IncrementalViews.SCHEMA + """
            ')
            ), entry AS MATERIALIZED (
              SELECT oid, relname, relkind, relnamespace FROM pg_catalog.pg_class
               WHERE (relkind IN ('m', 'i', 'I', 'c') OR relnamespace = (SELECT oid FROM store)) AND oid >= 16384
            ), relation AS MATERIALIZED (
              SELECT oid, relnamespace, relowner, relacl, relchecks, relnatts,
                     hash_record_extended(
                       ROW(oid, relnamespace, relname, relkind, relpersistence, relispopulated, relreplident, relowner,
                           relrowsecurity, relforcerowsecurity, reloptions, relacl), 0) AS hash
                FROM pg_catalog.pg_class WHERE oid IN (SELECT oid FROM reached)
            ), further(oid) AS MATERIALIZED (
              SELECT oid FROM entry WHERE relkind = 'c'
              UNION ALL
              SELECT refobjid FROM pg_catalog.pg_depend
               WHERE classid = 'pg_catalog.pg_proc'::regclass AND refclassid = 'pg_catalog.pg_class'::regclass
              UNION ALL
              SELECT coalesce(nullif(t.typrelid, 0), e.typrelid)
                FROM pg_catalog.pg_depend d
                JOIN pg_catalog.pg_type t ON t.oid = d.refobjid
                LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
               WHERE d.refclassid = 'pg_catalog.pg_type'::regclass AND d.deptype = 'n' AND d.refobjid >= 16384
                 AND (t.typrelid <> 0 OR e.typrelid <> 0)
            ), unreached AS (
              SELECT FROM pg_catalog.pg_inherits h
               WHERE h.inhparent = ANY (ARRAY(SELECT oid FROM reached)) AND h.inhrelid NOT IN (SELECT oid FROM reached)
                 AND EXISTS (SELECT FROM pg_catalog.pg_class c
                              WHERE c.oid = h.inhrelid AND c.relpersistence <> 't' AND c.relkind IN ('r', 'p', 'f'))
              UNION ALL
              SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
               WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
                 AND d.refobjid = ANY (ARRAY(SELECT oid FROM entry
                                              WHERE relkind = 'r' AND relnamespace = (SELECT oid FROM store)))
                 AND w.ev_type = '1' AND w.ev_class NOT IN (SELECT oid FROM reached)
            ), alike(oid, namespace) AS (
              SELECT min(oid), relnamespace FROM relation GROUP BY relowner, relnamespace, relacl::text
            ), current(oid) AS (
              SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
            ), authority(oid) AS (
              SELECT DISTINCT relowner FROM relation
              UNION
              SELECT m.roleid FROM authority JOIN pg_catalog.pg_auth_members m ON m.member = authority.oid
            )
            """;

    /** {@link #SCOPE} of given relations. Parameter: their oids, as text. */
    static final String OF_RELATIONS = """
            WITH RECURSIVE reached(oid) AS MATERIALIZED (
              SELECT o::oid FROM pg_catalog.string_to_table($1, ',') AS o
            )
            """ + SCOPE;

    /**
     * The parts for functions and what their bodies read, operators, types, collations and text search objects. A change of these alone leaves
     * every relation that is reached as it was, with its columns, its query and the rights on it ({@link RelationVersions}).
     */
    private static final String OBJECTS =
            "" + part("p.oid, p.xmin, p.xmax", "pg_catalog.pg_proc p WHERE p.oid >= 16384")
                    + part("o.oid, o.xmin, o.xmax", "pg_catalog.pg_operator o WHERE o.oid >= 16384")
                    + part("s.oid, s.xmin, s.xmax", "pg_catalog.pg_amproc s WHERE s.oid >= 16384")
                    + part("s.oid, s.xmin, s.xmax", "pg_catalog.pg_amop s WHERE s.oid >= 16384")
                    + part(
                            "t.oid, t.xmin, t.xmax",
                            "pg_catalog.pg_type t WHERE t.oid >= 16384 AND t.typtype <> 'c'"
                                    + " AND NOT (t.typtype = 'b' AND t.typcategory = 'A')")
                    + part("e.oid, e.xmin, e.xmax", "pg_catalog.pg_enum e")
                    + part("c.oid, c.xmin, c.xmax", "pg_catalog.pg_constraint c WHERE c.contypid > 0")
                    + part("c.oid, c.xmin", "pg_catalog.pg_ts_config c")
                    // On these depends which code is trusted (TrustedCode).
                    + part("c.oid, c.xmin, c.xmax", "pg_catalog.pg_cast c WHERE c.oid >= 16384")
                    + part(
                            "g.writer, g.replacer, g.number, g.places",
                            "(SELECT m.xmin AS writer, m.xmax AS replacer, count(*) AS number,"
                                    + " bit_xor(hashtidextended(m.ctid, 0)) AS places"
                                    + " FROM pg_catalog.pg_ts_config_map m GROUP BY m.xmin, m.xmax) g")
                    + part(
                            "d.ctid, d.xmax",
                            "pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_ts_config'::regclass AND d.xmax <> '0'::xid")
                    + part("d.oid, d.xmin, d.xmax", "pg_catalog.pg_ts_dict d")
                    + part(
                            "l.oid, l.xmin, l.xmax",
                            "pg_catalog.pg_collation l WHERE l.oid IN (SELECT refobjid FROM pg_catalog.pg_depend"
                                    + " WHERE refclassid = 'pg_catalog.pg_collation'::regclass)")
                    + places(
                            "pg_catalog.pg_attribute x WHERE x.attnum > 0 AND x.attrelid = ANY (ARRAY(SELECT oid FROM further))")
                    + places("pg_catalog.pg_rewrite x WHERE x.ev_class = ANY (ARRAY(SELECT oid FROM further))");

    /**
     * The fingerprint of the catalog, one part for each system table.
     *
     * <p>Where only DDL writes a row, the row's xmin and its oid or place stand for its content. VACUUM FULL moves rows, which costs one
     * superfluous read. Of pg_class the columns are hashed instead, since each refresh rewrites the view's row there. Temporary tables
     * write rows to pg_type for themselves and their arrays; rows of these kinds are left out.
     *
     * <p>DDL on relations, values of enums, roles and settings holds a lock until it is visible ({@link AlterationSql#BEING_ALTERED}). DDL
     * on other objects does not, but it sets the xmax of the row that it replaces; what adds a mapping to a text search configuration
     * replaces rows of pg_depend. So the fingerprint differs as soon as the transaction has made the change.
     *
     * <p>All functions, operators, types and text search objects of users count, whether or not a view depends on them: a superfluous
     * read of the catalog now and then costs less than finding out. What depends on them is found by {@link ObjectClosureSql}.
     *
     * <p>Rows of what is reached are found by arrays of oids. Of an array that it does not know the planner expects ten elements, and takes
     * the index; else it may read all of pg_attribute, however many columns others make in tables that no view reads.
     */
    private static final String HASH = "CASE WHEN (SELECT coalesce(sum(" + CatalogSizeLimit.SIZE
            + "), 0) FROM relation) <= $2::int8"
            + " THEN concat_ws('/'"
            + ", (SELECT concat(count(*), ':', bit_xor(hash)) FROM relation)"
            + ",\n (SELECT concat(count(*), ':', bit_xor(hashoidextended(oid, 0))) FROM entry"
            + " WHERE relkind = 'm' OR relnamespace = (SELECT oid FROM store))"
            + ",\n (SELECT count(*) FROM unreached)"
            + part("a.oid, has_schema_privilege(a.namespace, 'USAGE'), has_table_privilege(a.oid, 'SELECT')", "alike a")
            + part(
                    "n.oid, n.nspname, n.nspowner, n.nspacl",
                    "pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_(toast_)?temp_'")
            + places(
                    "pg_catalog.pg_attribute x WHERE x.attnum > 0 AND x.attrelid = ANY (ARRAY(SELECT oid FROM reached))")
            + places("pg_catalog.pg_rewrite x WHERE x.ev_class = ANY (ARRAY(SELECT oid FROM reached))")
            + part("p.oid, p.xmin", "pg_catalog.pg_policy p WHERE p.polrelid = ANY (ARRAY(SELECT oid FROM reached))")
            + part(
                    "h.inhrelid, h.inhparent, h.xmin",
                    "pg_catalog.pg_inherits h WHERE h.inhrelid = ANY (ARRAY(SELECT oid FROM reached))")
            + part(
                    "i.indexrelid, i.xmin, n.relname",
                    "pg_catalog.pg_index i JOIN entry n ON n.oid = i.indexrelid"
                            + " WHERE i.indrelid = ANY (ARRAY(SELECT oid FROM reached))")
            + part(
                    "x.oid, x.xmin",
                    "pg_catalog.pg_statistic_ext x WHERE x.stxrelid = ANY (ARRAY(SELECT oid FROM reached))")
            + part(
                    "k.oid, k.xmin",
                    "pg_catalog.pg_constraint k WHERE k.contype = 'c'"
                            + " AND k.conrelid = ANY (ARRAY(SELECT oid FROM relation WHERE relchecks > 0))")
            + part("u.oid", "pg_catalog.pg_roles u WHERE u.rolsuper")
            + part(
                    "r.oid, r.rolname, r.rolsuper, r.rolinherit, r.rolbypassrls",
                    "pg_catalog.pg_roles r WHERE r.oid IN (SELECT oid FROM authority)")
            + part(
                    "m.roleid, m.member, m.xmin",
                    "pg_catalog.pg_auth_members m WHERE m.member IN (SELECT oid FROM authority)")
            + part(
                    "s.setdatabase, s.setrole, s.xmin",
                    "pg_catalog.pg_db_role_setting s WHERE s.setdatabase IN (SELECT oid FROM current UNION ALL SELECT 0)"
                            + " AND s.setrole IN (SELECT oid FROM authority UNION ALL SELECT 0)")
            + part(
                    "d.datname, d.datdba, d.xmin, pg_catalog.pg_database_collation_actual_version(d.oid)",
                    "pg_catalog.pg_database d WHERE d.oid IN (SELECT oid FROM current)")
            + OBJECTS + ") ELSE '' END";

    /**
     * The fingerprint, and the oids of the relations that it covers, as text. Parameters: oids of views, and of parts of incremental views, to
     * leave out, as text; and the most columns. The fingerprint is empty if it would cover more ({@link CatalogSizeLimit}): it would take seconds.
     */
    static final KeptPlan READ = KeptPlan.of(
            ReachedSql.reachedFrom("begin") + SCOPE + """
            , begin AS MATERIALIZED (
              SELECT oid, relkind, relnamespace FROM entry WHERE oid NOT IN (SELECT unnest(string_to_array($1, ',')::oid[]))
            )
            """ + "SELECT " + HASH
                    + ", coalesce((SELECT string_agg(oid::text, ',' ORDER BY oid) FROM reached), '')",
            2);

    /**
     * The fingerprint over the relations of a former one. Parameters: their oids, as text; and the most columns.
     *
     * <p>Invariant: it equals the former one only if those are still all that the views read. Which they are follows from what the
     * fingerprint covers: the materialized views, the rules and policies of what they reach (an entry of pg_depend for one of them
     * comes and goes with its row), and {@code unreached}. To follow pg_depend takes half of the time of {@link #READ}.
     *
     * <p>The planner expects 1,000 rows of {@code string_to_table}. Of an array that it does not know it expects ten, and would look each
     * relation up in each index.
     */
    static final KeptPlan COMPARE = KeptPlan.of(OF_RELATIONS + "SELECT " + HASH, 2);

    /**
     * Number and hash of the rows of a system table, named {@code x}, by place and writer. The writer's id has no cast to a number. Its age
     * grows with each new id, and so does that of the first id: the difference stays. To hash each row as a record takes as long as
     * everything else.
     */
    private static String places(String from) {
        return ",\n (SELECT concat(count(*), ':', bit_xor(hashtidextended(x.ctid, age('3'::xid)::int8 - age(x.xmin)))) FROM "
                + from + ")";
    }

    /** Number and hash of rows, in any order. */
    private static String part(String columns, String from) {
        return ",\n (SELECT concat(count(*), ':', bit_xor(hash_record_extended(ROW(" + columns + "), 0))) FROM " + from
                + ")";
    }
}
