package io.refreshd.exchange;

import io.refreshd.catalog.AttachmentSql;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** Privileges, comments and settings that people gave to a relation, for the relation that takes its place. */
public final class Attachments {
    /**
     * Privileges and comments. What default privileges have granted is taken away first. A grant by another role than the owner is
     * repeated as that role where refreshd may become it, after the grant that allows it, and otherwise as the owner's.
     */
    private static final String ACCESS_AND_COMMENTS = """
            WITH RECURSIVE given AS (
              SELECT a.*, '' AS of_column FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a WHERE c.oid = (:old_oid)::oid
              UNION ALL
              SELECT a.*, pg_catalog.format(' (%I)', o.attname) FROM COLUMNS, pg_catalog.aclexplode(o.attacl) a
            ), giving (role, depth) AS (
              SELECT c.relowner, 0 FROM pg_catalog.pg_class c WHERE c.oid = (:old_oid)::oid
              UNION
              SELECT a.grantee, g.depth + 1 FROM giving g JOIN given a ON a.grantor = g.role AND a.grantee <> g.role
               WHERE a.is_grantable AND g.depth < 20
            )
            SELECT statement FROM (
            SELECT 1 AS place, pg_catalog.format('REVOKE ALL ON %s FROM %s', :fresh, g.name) AS statement
              FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a, LATERAL (SELECT GRANTEE) g (name)
             WHERE c.oid = (:fresh_oid)::oid
            UNION
            SELECT 1, pg_catalog.format('REVOKE ALL ON %s FROM %I', :fresh, pg_catalog.pg_get_userbyid(c.relowner))
              FROM pg_catalog.pg_class c WHERE c.oid = (:old_oid)::oid AND c.relacl IS NOT NULL
            UNION
            SELECT 2, pg_catalog.format('GRANT ALL ON %s TO %I', :fresh, pg_catalog.pg_get_userbyid(c.relowner))
              FROM pg_catalog.pg_class c, pg_catalog.pg_class f
             WHERE c.oid = (:old_oid)::oid AND c.relacl IS NULL AND f.oid = (:fresh_oid)::oid AND f.relacl IS NOT NULL
            UNION ALL
            SELECT 100 + t.depth,
                   CASE WHEN t.depth > 0 AND own.possible
                        THEN pg_catalog.format('SET LOCAL ROLE %I; %s; SET LOCAL ROLE NONE', pg_catalog.pg_get_userbyid(t.grantor), t.grants)
                        ELSE t.grants END
              FROM (SELECT a.grantor, coalesce(min(v.depth), 0),
                           pg_catalog.format('GRANT %s ON %s TO %s',
                                             pg_catalog.string_agg(DISTINCT a.privilege_type || a.of_column, ', '), :fresh, g.name)
                             || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
                      FROM given a
                     CROSS JOIN LATERAL (SELECT GRANTEE) g (name)
                      LEFT JOIN giving v ON v.role = a.grantor
                     GROUP BY a.grantor, g.name, a.is_grantable) t (grantor, depth, grants)
             CROSS JOIN LATERAL (
               SELECT pg_catalog.pg_has_role(t.grantor, CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000
                                                             THEN 'SET' ELSE 'MEMBER' END)
                  AND NOT pg_catalog.pg_has_role(t.grantor, (SELECT c.relowner FROM pg_catalog.pg_class c
                                                              WHERE c.oid = (:old_oid)::oid), 'USAGE')
                  AND pg_catalog.has_schema_privilege(t.grantor, (SELECT f.relnamespace FROM pg_catalog.pg_class f
                                                                   WHERE f.oid = (:fresh_oid)::oid), 'USAGE')) own (possible)
            UNION ALL
            SELECT 400, pg_catalog.format('COMMENT ON COLUMN %s.%I IS %L', :fresh, o.attname, d.description)
              FROM COLUMNS
              JOIN pg_catalog.pg_description d
                ON d.objoid = o.attrelid AND d.objsubid = o.attnum AND d.classoid = 'pg_catalog.pg_class'::regclass
            UNION ALL
            SELECT 500, pg_catalog.format('COMMENT ON %s %s IS %L', :noun, :fresh, d.text)
              FROM pg_catalog.obj_description((:old_oid)::oid, 'pg_class') d (text)
             WHERE d.text IS NOT NULL
            ) s ORDER BY place, statement
            """;

    /** Of a table that refreshd makes. */
    public static final int FILLFACTOR = 90;

    /** Settings of storage and statistics, which a materialized view and a table have alike. */
    private static final String STORAGE = """
            SELECT statement FROM (
            SELECT 1 AS place, pg_catalog.format('ALTER %s %s SET (%s%I = %L)', :noun, :fresh, k.prefix, s.option_name, s.option_value)
                     AS statement
              FROM (SELECT c.oid, '' AS prefix, c.reloptions FROM pg_catalog.pg_class c WHERE c.oid = (:old_oid)::oid
                    UNION ALL
                    SELECT t.oid, 'toast.', t.reloptions
                      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
                     WHERE c.oid = (:old_oid)::oid) k (oid, prefix, options),
                   pg_catalog.pg_options_to_table(k.options) s
             WHERE NOT (:noun = 'MATERIALIZED VIEW' AND k.prefix = '' AND s.option_name = 'fillfactor'
                        AND s.option_value = '90')
            UNION ALL
            SELECT 2, pg_catalog.format('ALTER %s %s ALTER COLUMN %I SET STATISTICS %s', :noun, :fresh, o.attname, o.attstattarget)
              FROM COLUMNS WHERE o.attstattarget >= 0
            UNION ALL
            SELECT 3, pg_catalog.format('ALTER %s %s ALTER COLUMN %I SET (%I = %L)', :noun, :fresh, o.attname, s.option_name,
                                        s.option_value)
              FROM COLUMNS, pg_catalog.pg_options_to_table(o.attoptions) s
            UNION ALL
            SELECT 4, pg_catalog.format('ALTER %s %s ALTER COLUMN %I SET STORAGE %s', :noun, :fresh, o.attname,
                                        CASE o.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN'
                                                          ELSE 'EXTENDED' END)
              FROM COLUMNS WHERE o.attstorage <> n.attstorage AND o.atttypid = n.atttypid
            UNION ALL
            SELECT 5, pg_catalog.format('ALTER %s %s ALTER COLUMN %I SET COMPRESSION %s', :noun, :fresh, o.attname,
                                        CASE o.attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END)
              FROM COLUMNS WHERE o.attcompression IN ('l', 'p') AND o.atttypid = n.atttypid
            UNION ALL
            SELECT 6, pg_catalog.format('ALTER %s %s REPLICA IDENTITY %s', :noun, :fresh,
                                        CASE c.relreplident WHEN 'f' THEN 'FULL' ELSE 'NOTHING' END)
              FROM pg_catalog.pg_class c
             WHERE :noun = 'MATERIALIZED VIEW' AND c.oid = (:old_oid)::oid AND c.relkind = 'm' AND c.relreplident IN ('f', 'n')
            UNION ALL
            SELECT 7, pg_catalog.format('ALTER %s %s DEPENDS ON EXTENSION %I', :noun, :fresh, e.extname)
              FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
             WHERE :noun = 'MATERIALIZED VIEW' AND d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = (:old_oid)::oid
               AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'x'
            ) s ORDER BY place, statement
            """;

    private Attachments() {}

    /** The statements that give privileges and comments of one relation to another. @param noun of the fresh one, as in ALTER */
    public static List<String> access(Handle transaction, String noun, long oldOid, long freshOid, ViewId fresh) {
        return read(transaction, ACCESS_AND_COMMENTS, noun, oldOid, freshOid, fresh);
    }

    public static List<String> storage(Handle transaction, String noun, long oldOid, long freshOid, ViewId fresh) {
        return read(transaction, STORAGE, noun, oldOid, freshOid, fresh);
    }

    private static List<String> read(
            Handle transaction, String query, String noun, long oldOid, long freshOid, ViewId fresh) {
        return transaction
                .createQuery(AttachmentSql.complete(query))
                .bind("noun", noun)
                .bind("old_oid", oldOid)
                .bind("fresh_oid", freshOid)
                .bind("fresh", SqlNames.qualified(fresh))
                .mapTo(String.class)
                .list();
    }
}
