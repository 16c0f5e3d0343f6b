package io.refreshd.catalog;

/**
 * The SQL for the versions of the rows of system catalogs by which {@link TrustSql} and {@link OwnerAccess} decide, for objects that are
 * known to be in reach. Every role may run it.
 *
 * <p>A row's version is its xmin: whoever changes a row writes another one. (The server changes statistics and the like in place; they
 * decide nothing here.)
 */
final class ReachVersionSql {
    private static final String OIDS =
            "(ARRAY(SELECT n.oid FROM node n WHERE n.class = 'pg_catalog.%s'::pg_catalog.regclass))";
    private static final String RELATIONS = OIDS.formatted("pg_class");
    private static final String TYPES = OIDS.formatted("pg_type");

    /** Rows of a catalog that belong to one of the relations or types. */
    private static String of(String kind, String catalog, String owner, String columns) {
        return "SELECT 'pg_catalog.%1$s'::regclass, x.%3$s, concat_ws(' ', '%2$s', %4$s, x.xmin) FROM pg_catalog.%2$s x WHERE x.%3$s = ANY %5$s UNION ALL\n"
                .formatted(kind, catalog, owner, columns, kind.equals("pg_type") ? TYPES : RELATIONS);
    }

    /** Rows of functions or operators, and of all others of the same name in the same schema. */
    private static String namesakes(String catalog, String name, String schema, String owner) {
        return """
                SELECT 'pg_catalog.%1$s'::regclass, x.oid, concat_ws(' ', '%1$s', y.oid, y.%4$s, y.xmin)
                  FROM pg_catalog.%1$s x JOIN pg_catalog.%1$s y ON y.%2$s = x.%2$s AND y.%3$s = x.%3$s
                 WHERE x.oid = ANY %5$s UNION ALL
                """.formatted(catalog, name, schema, owner, OIDS.formatted(catalog));
    }

    /**
     * For each object a hash of the rows by which it is decided what is in its reach, whether that is trusted and who may read it. The
     * object 0 stands for what concerns all: casts, roles, memberships and languages.
     *
     * <p>Parameters: two {@code int8[]}, the catalogs of the objects and their oids.
     *
     * <p>The hash has to withstand somebody who chooses which rows there are. So it is no sum of hashes.
     */
    static final KeptPlan VERSIONS = KeptPlan.of(
            """
            WITH node(class, oid) AS MATERIALIZED (
              SELECT x.class::oid, x.oid::oid FROM unnest($1::int8[], $2::int8[]) AS x (class, oid)
            ), item(class, oid, said) AS (
            """
                    + of("pg_class", "pg_class", "oid", "x.relkind, x.relowner")
                    + of("pg_class", "pg_rewrite", "ev_class", "x.oid, x.ev_type")
                    + of("pg_class", "pg_attribute", "attrelid", "x.attnum, x.atttypid")
                    + of("pg_class", "pg_attrdef", "adrelid", "x.adnum")
                    + of("pg_class", "pg_index", "indrelid", "x.indexrelid")
                    + of("pg_class", "pg_index", "indexrelid", "x.indrelid")
                    + of("pg_class", "pg_partitioned_table", "partrelid", "''")
                    + of("pg_class", "pg_statistic_ext", "stxrelid", "x.oid")
                    + of("pg_class", "pg_constraint", "conrelid", "x.oid")
                    + of("pg_class", "pg_policy", "polrelid", "x.oid")
                    + of("pg_class", "pg_inherits", "inhparent", "x.inhrelid")
                    + of("pg_type", "pg_type", "oid", "x.typrelid")
                    + of("pg_type", "pg_constraint", "contypid", "x.oid")
                    + namesakes("pg_proc", "proname", "pronamespace", "proowner")
                    + namesakes("pg_operator", "oprname", "oprnamespace", "oprowner")
                    + """
              SELECT 'pg_catalog.pg_type'::regclass, t.oid, concat_ws(' ', 'pg_attribute', a.attnum, a.atttypid, a.xmin)
                FROM pg_catalog.pg_type t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid
               WHERE t.typrelid <> 0 AND t.oid = ANY """ + TYPES + """
               UNION ALL
              SELECT 'pg_catalog.pg_class'::regclass, f.ftrelid, concat_ws(' ', 'pg_foreign_server', s.oid, s.srvowner, s.xmin, f.xmin)
                FROM pg_catalog.pg_foreign_table f JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver
               WHERE f.ftrelid = ANY """ + RELATIONS + """
               UNION ALL
              SELECT n.class, n.oid, concat_ws(' ', 'pg_depend', d.refclassid, d.refobjid, d.refobjsubid, d.deptype, d.xmin)
                FROM node n CROSS JOIN LATERAL (
                  SELECT d.*, d.xmin FROM pg_catalog.pg_depend d WHERE d.classid = n.class AND d.objid = n.oid OFFSET 0) AS d
               UNION ALL
              SELECT 0, 0, concat_ws(' ', 'pg_cast', c.castsource, c.casttarget, p.oid, p.proowner, p.xmin, c.xmin,
                       (SELECT string_agg(concat_ws(':', d.deptype, d.refobjid, d.xmin), ',' ORDER BY d.deptype, d.refobjid)
                          FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid))
                FROM pg_catalog.pg_cast c JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc WHERE c.oid >= 16384
               UNION ALL
              SELECT 0, 0, concat_ws(' ', 'pg_roles', r.oid, r.rolsuper, r.rolinherit)
                FROM pg_catalog.pg_roles r WHERE r.rolsuper OR NOT r.rolinherit
               UNION ALL
              SELECT 0, 0, concat_ws(' ', 'pg_auth_members', m.roleid, m.member, m.xmin) FROM pg_catalog.pg_auth_members m
               UNION ALL
              SELECT 0, 0, concat_ws(' ', 'pg_language', l.oid, l.xmin) FROM pg_catalog.pg_language l
            )
            SELECT class::int8, oid::int8,
                   pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
                     pg_catalog.string_agg(said, ';' ORDER BY said COLLATE "C"), 'UTF8')), 'base64')
              FROM item GROUP BY class, oid
            """,
            2);

    private ReachVersionSql() {}
}
