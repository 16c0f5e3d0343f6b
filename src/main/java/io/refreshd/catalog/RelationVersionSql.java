package io.refreshd.catalog;

/** The query for {@link RelationVersions}: what {@link FingerprintSql} hashes of all relations together, for each of them apart. */
final class RelationVersionSql {
    private RelationVersionSql() {}

    /**
     * A relation's own row, schema, readability, columns, rules, policies, partitions, indexes, statistics and checks, and the attributes
     * and settings of its owner. Of a table with row-level security the memberships in its owner, and in the roles that its policies name. Other
     * memberships do not count: on PostgreSQL 15 everybody may give anybody the membership in himself, and take it back, without end. Each
     * hash has a number of its own as seed, so that rows of two system tables never cancel each other.
     *
     * <p>Invariant: the version of a relation does not depend on which others are asked for ({@link ViewVersion#isCurrent}).
     */
    private static final String PARTS = """
            , admitted(relation, role) AS (
              (SELECT c.oid, c.relowner FROM pg_catalog.pg_class c WHERE c.oid IN (SELECT oid FROM reached) AND c.relrowsecurity
               UNION
               SELECT c.oid, unnest(p.polroles) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid
                WHERE c.oid IN (SELECT oid FROM reached) AND c.relrowsecurity)
              UNION
              SELECT a.relation, m.member FROM admitted a JOIN pg_catalog.pg_auth_members m ON m.roleid = a.role
            ), ownership(owner, hash) AS (
              SELECT r.oid, hash_record_extended(ROW(r.oid, r.rolname, r.rolsuper, r.rolinherit, r.rolbypassrls), 1)
                FROM pg_catalog.pg_roles r WHERE r.oid IN (SELECT relowner FROM relation)
              UNION ALL
              SELECT s.setrole, hash_record_extended(ROW(s.setdatabase, s.setrole, s.xmin), 3)
                FROM pg_catalog.pg_db_role_setting s
               WHERE s.setrole IN (SELECT relowner FROM relation) AND s.setdatabase IN (SELECT oid FROM current UNION ALL SELECT 0)
            ), part(relation, hash) AS (
              SELECT oid, hash FROM relation
              UNION ALL
              SELECT a.relation, hash_record_extended(ROW(m.roleid, m.member, m.xmin, r.rolinherit), 2)
                FROM admitted a
                JOIN pg_catalog.pg_auth_members m ON m.roleid = a.role
                JOIN pg_catalog.pg_roles r ON r.oid = m.member
              UNION ALL
              SELECT r.oid, hash_record_extended(
                       ROW(n.oid, n.nspname, n.nspowner, n.nspacl, has_schema_privilege(n.oid, 'USAGE'),
                           has_table_privilege(r.oid, 'SELECT')), 4)
                FROM relation r JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
              UNION ALL
              SELECT r.oid, o.hash
                FROM relation r
                JOIN (SELECT owner, hash_record_extended(ROW(count(*), bit_xor(hash)), 5) AS hash FROM ownership GROUP BY owner) o
                  ON o.owner = r.relowner
              UNION ALL
              SELECT x.attrelid, hash_record_extended(ROW(x.ctid, x.xmin), 6)
                FROM pg_catalog.pg_attribute x WHERE x.attnum > 0 AND x.attrelid = ANY (ARRAY(SELECT oid FROM reached))
              UNION ALL
              SELECT x.ev_class, hash_record_extended(ROW(x.ctid, x.xmin), 7)
                FROM pg_catalog.pg_rewrite x WHERE x.ev_class = ANY (ARRAY(SELECT oid FROM reached))
              UNION ALL
              SELECT p.polrelid, hash_record_extended(ROW(p.oid, p.xmin), 8)
                FROM pg_catalog.pg_policy p WHERE p.polrelid = ANY (ARRAY(SELECT oid FROM reached))
              UNION ALL
              SELECT e.relation, hash_record_extended(ROW(h.inhrelid, h.inhparent, h.xmin), 9)
                FROM pg_catalog.pg_inherits h CROSS JOIN LATERAL (VALUES (h.inhrelid), (h.inhparent)) AS e(relation)
                JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid AND c.relpersistence <> 't'
               WHERE h.inhrelid = ANY (ARRAY(SELECT oid FROM reached)) OR h.inhparent = ANY (ARRAY(SELECT oid FROM reached))
              UNION ALL
              SELECT i.indrelid, hash_record_extended(ROW(i.indexrelid, i.xmin, n.relname), 10)
                FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class n ON n.oid = i.indexrelid
               WHERE i.indrelid = ANY (ARRAY(SELECT oid FROM reached))
              UNION ALL
              SELECT x.stxrelid, hash_record_extended(ROW(x.oid, x.xmin), 11)
                FROM pg_catalog.pg_statistic_ext x WHERE x.stxrelid = ANY (ARRAY(SELECT oid FROM reached))
              UNION ALL
              SELECT k.conrelid, hash_record_extended(ROW(k.oid, k.xmin), 12)
                FROM pg_catalog.pg_constraint k
               WHERE k.contype = 'c' AND k.conrelid = ANY (ARRAY(SELECT oid FROM relation WHERE relchecks > 0))
            ), common(hash) AS (
              SELECT hash_record_extended(ROW(u.oid), 13) FROM pg_catalog.pg_roles u WHERE u.rolsuper
              UNION ALL
              SELECT hash_record_extended(ROW(s.setdatabase, s.xmin), 14)
                FROM pg_catalog.pg_db_role_setting s
               WHERE s.setrole = 0 AND s.setdatabase IN (SELECT oid FROM current UNION ALL SELECT 0)
              UNION ALL
              SELECT hash_record_extended(
                       ROW(d.datname, d.datdba, d.xmin, pg_catalog.pg_database_collation_actual_version(d.oid)), 15)
                FROM pg_catalog.pg_database d WHERE d.oid IN (SELECT oid FROM current)
            )
            """;

    /**
     * Oid and version of each relation that is still there, and with oid 0 what all of them have in common. Parameter: oids of relations, as
     * text.
     */
    static final KeptPlan READ = KeptPlan.of(FingerprintSql.OF_RELATIONS + PARTS + """
            SELECT relation::int8, concat(count(*), ':', bit_xor(hash)) FROM part
             WHERE relation IN (SELECT oid FROM relation) GROUP BY relation
            UNION ALL
            SELECT 0, concat(count(*), ':', bit_xor(hash)) FROM common
            """, 1);
}
