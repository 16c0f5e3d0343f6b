package io.refreshd.incremental;

import io.refreshd.catalog.AttachmentSql;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** Privileges, comments and settings that people gave to a relation, for the relation that takes its place. */
final class Attachments {
    /**
     * Privileges and comments. What default privileges have granted is taken away first. Grants are repeated as the owner's, since the
     * server takes a grant by a member of the owner for one by the owner.
     */
    private static final String ACCESS_AND_COMMENTS = """
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
            SELECT 2, pg_catalog.format('GRANT %s ON %s TO %s', a.privilege_type, :fresh, g.name)
                      || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
              FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a, LATERAL (SELECT GRANTEE) g (name)
             WHERE c.oid = (:old_oid)::oid
            UNION ALL
            SELECT 3, pg_catalog.format('GRANT %s (%I) ON %s TO %s', a.privilege_type, o.attname, :fresh, g.name)
                      || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
              FROM COLUMNS, pg_catalog.aclexplode(o.attacl) a, LATERAL (SELECT GRANTEE) g (name)
            UNION ALL
            SELECT 4, pg_catalog.format('COMMENT ON COLUMN %s.%I IS %L', :fresh, o.attname, d.description)
              FROM COLUMNS
              JOIN pg_catalog.pg_description d
                ON d.objoid = o.attrelid AND d.objsubid = o.attnum AND d.classoid = 'pg_catalog.pg_class'::regclass
            UNION ALL
            SELECT 5, pg_catalog.format('COMMENT ON %s %s IS %L', :noun, :fresh, d.text)
              FROM pg_catalog.obj_description((:old_oid)::oid, 'pg_class') d (text)
             WHERE d.text IS NOT NULL
            ) s ORDER BY place, statement
            """;

    /** Of a table that refreshd makes. */
    static final int FILLFACTOR = 90;

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
              FROM COLUMNS WHERE o.attstorage <> n.attstorage
            UNION ALL
            SELECT 5, pg_catalog.format('ALTER %s %s ALTER COLUMN %I SET COMPRESSION %s', :noun, :fresh, o.attname,
                                        CASE o.attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END)
              FROM COLUMNS WHERE o.attcompression IN ('l', 'p')
            ) s ORDER BY place, statement
            """;

    private Attachments() {}

    /** Gives owner's grants and comments of one relation to another. @param noun of the fresh one, as in ALTER */
    static void copyAccess(Handle transaction, String noun, long oldOid, long freshOid, ViewId fresh)
            throws SQLException {
        copy(transaction, ACCESS_AND_COMMENTS, noun, oldOid, freshOid, fresh);
    }

    static void copyStorage(Handle transaction, String noun, long oldOid, long freshOid, ViewId fresh)
            throws SQLException {
        copy(transaction, STORAGE, noun, oldOid, freshOid, fresh);
    }

    private static void copy(Handle transaction, String query, String noun, long oldOid, long freshOid, ViewId fresh)
            throws SQLException {
        // All are read before the first one runs.
        List<String> statements = transaction
                .createQuery(AttachmentSql.complete(query))
                .bind("noun", noun)
                .bind("old_oid", oldOid)
                .bind("fresh_oid", freshOid)
                .bind("fresh", SqlNames.qualified(fresh))
                .mapTo(String.class)
                .list();
        for (String statement : statements) {
            new Statements(transaction).execute(statement);
        }
    }
}
