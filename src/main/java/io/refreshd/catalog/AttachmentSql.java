package io.refreshd.catalog;

/**
 * Parts of the queries that read what people have attached to a relation, for the relation that takes its place. They need the parameters
 * {@code :old_oid} and {@code :fresh_oid}.
 */
public final class AttachmentSql {
    /** The name of the role that {@code aclexplode} shows as {@code a.grantee}. */
    private static final String GRANTEE = """
            SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC'
                        ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)::text) END""";

    /** The columns {@code o} of the old relation that the fresh one has too, as {@code n}. */
    private static final String COLUMNS = """
            pg_catalog.pg_attribute o
            JOIN pg_catalog.pg_attribute n
              ON o.attrelid = (:old_oid)::oid AND o.attnum > 0 AND NOT o.attisdropped
             AND n.attrelid = (:fresh_oid)::oid AND n.attname = o.attname AND NOT n.attisdropped""";

    private AttachmentSql() {}

    /** The query with the parts in place of {@code SELECT GRANTEE} and {@code COLUMNS}. */
    public static String complete(String query) {
        return query.replace("SELECT GRANTEE", GRANTEE).replace("COLUMNS", COLUMNS);
    }
}
