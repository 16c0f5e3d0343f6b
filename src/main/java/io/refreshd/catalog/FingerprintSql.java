package io.refreshd.catalog;

/** The query for the catalog's fingerprint. It runs with each heartbeat, so that it must be cheap with a thousand views. */
final class FingerprintSql {
    private FingerprintSql() {}

    /**
     * The relations, and what the fingerprint needs besides them.
     *
     * <ul>
     *   <li>{@code entry}: materialized views, what keeps incremental views, indexes for their names, and composite types, read together.
     *   <li>{@code further}: relations whose columns and rules count besides: composite types, and what bodies of functions read. They are
     *       passed as an array, so that an index finds their few rows.
     *   <li>{@code authority}: the owners of the relations, and all roles that they are members of. Roles that come and go otherwise do
     *       not count.
     *   <li>{@code alike}: one relation for all that have the same owner, schema and access list. On these depends whether the role that
     *       asks may read them; to ask for each relation takes longer.
     * </ul>
     */
    private static final String SCOPE = ReachedSql.reachedFrom("entry") + """
            , entry AS MATERIALIZED (
              SELECT oid, relname, relkind, relnamespace FROM pg_catalog.pg_class
               WHERE (relkind IN ('m', 'i', 'I', 'c') OR relnamespace = pg_catalog.to_regnamespace('""" + IncrementalViews.SCHEMA + """
            ')) AND oid >= 16384
            ), relation AS MATERIALIZED (
              SELECT oid, relnamespace, relowner, relacl, relchecks,
                     hash_record_extended(
                       ROW(oid, relnamespace, relname, relkind, relpersistence, relispopulated, relreplident, relowner,
                           relrowsecurity, relforcerowsecurity, reloptions, relacl), 0) AS hash
                FROM pg_catalog.pg_class WHERE oid IN (SELECT oid FROM reached)
            ), further(oid) AS MATERIALIZED (
              SELECT oid FROM entry WHERE relkind = 'c'
              UNION ALL
              SELECT refobjid FROM pg_catalog.pg_depend
               WHERE classid = 'pg_catalog.pg_proc'::regclass AND refclassid = 'pg_catalog.pg_class'::regclass
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

    /**
     * The fingerprint of the catalog, one part for each system table. No parameter.
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
     */
    static final String FINGERPRINT = SCOPE + "SELECT concat_ws('/'"
            + ", (SELECT concat(count(*), ':', bit_xor(hash)) FROM relation)"
            + part("a.oid, has_schema_privilege(a.namespace, 'USAGE'), has_table_privilege(a.oid, 'SELECT')", "alike a")
            + part(
                    "n.oid, n.nspname, n.nspowner, n.nspacl",
                    "pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_(toast_)?temp_'")
            // By their writers, since to hash each row as a record takes as long as everything else.
            + part(
                    "g.writer, g.number, g.places",
                    "(SELECT a.xmin AS writer, count(*) AS number, bit_xor(hashtidextended(a.ctid, 0)) AS places"
                            + " FROM pg_catalog.pg_attribute a"
                            + " WHERE a.attnum > 0 AND a.attrelid IN (SELECT oid FROM reached) GROUP BY a.xmin) g")
            + part(
                    "a.ctid, a.xmin",
                    "pg_catalog.pg_attribute a WHERE a.attnum > 0 AND a.attrelid = ANY (ARRAY(SELECT oid FROM further))")
            + part("r.ctid, r.xmin", "pg_catalog.pg_rewrite r WHERE r.ev_class IN (SELECT oid FROM reached)")
            + part("r.ctid, r.xmin", "pg_catalog.pg_rewrite r WHERE r.ev_class = ANY (ARRAY(SELECT oid FROM further))")
            + part("p.oid, p.xmin", "pg_catalog.pg_policy p WHERE p.polrelid IN (SELECT oid FROM reached)")
            + part(
                    "h.inhrelid, h.inhparent, h.xmin",
                    "pg_catalog.pg_inherits h WHERE h.inhrelid IN (SELECT oid FROM reached)")
            + part(
                    "i.indexrelid, i.xmin, n.relname",
                    "pg_catalog.pg_index i JOIN entry n ON n.oid = i.indexrelid"
                            + " WHERE i.indrelid IN (SELECT oid FROM reached)")
            + part("p.oid, p.xmin, p.xmax", "pg_catalog.pg_proc p WHERE p.oid >= 16384")
            + part("o.oid, o.xmin, o.xmax", "pg_catalog.pg_operator o WHERE o.oid >= 16384")
            + part("s.oid, s.xmin, s.xmax", "pg_catalog.pg_amproc s WHERE s.oid >= 16384")
            + part("s.oid, s.xmin, s.xmax", "pg_catalog.pg_amop s WHERE s.oid >= 16384")
            + part(
                    "t.oid, t.xmin, t.xmax",
                    "pg_catalog.pg_type t WHERE t.oid >= 16384 AND t.typtype <> 'c'"
                            + " AND NOT (t.typtype = 'b' AND t.typcategory = 'A')")
            + part("e.oid, e.xmin, e.xmax", "pg_catalog.pg_enum e")
            + part("c.oid, c.xmin, c.xmax", "pg_catalog.pg_constraint c WHERE c.contypid > 0")
            + part(
                    "l.oid, l.xmin, l.xmax",
                    "pg_catalog.pg_collation l WHERE l.oid IN (SELECT refobjid FROM pg_catalog.pg_depend"
                            + " WHERE refclassid = 'pg_catalog.pg_collation'::regclass)")
            + part("c.oid, c.xmin", "pg_catalog.pg_ts_config c")
            // On these depends which code is trusted (TrustedCode).
            + part("c.oid, c.xmin, c.xmax", "pg_catalog.pg_cast c WHERE c.oid >= 16384")
            + part("x.oid, x.xmin", "pg_catalog.pg_statistic_ext x WHERE x.stxrelid IN (SELECT oid FROM reached)")
            + part(
                    "k.oid, k.xmin",
                    "pg_catalog.pg_constraint k WHERE k.contype = 'c'"
                            + " AND k.conrelid = ANY (ARRAY(SELECT oid FROM relation WHERE relchecks > 0))")
            + part("u.oid", "pg_catalog.pg_roles u WHERE u.rolsuper")
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
            + ")";

    /** Number and hash of rows, in any order. */
    private static String part(String columns, String from) {
        return ",\n (SELECT concat(count(*), ':', bit_xor(hash_record_extended(ROW(" + columns + "), 0))) FROM " + from
                + ")";
    }
}
