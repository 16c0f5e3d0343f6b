package io.refreshd.catalog;

import java.sql.Connection;
import java.sql.SQLException;

/**
 * The fingerprint of the catalog: a hash of all that {@link CatalogReader#read} could return, made by the server.
 *
 * <p>Invariant: it differs whenever another catalog could be read. REFRESH of a populated view, ANALYZE and VACUUM do not change it.
 *
 * @param hash empty in {@link #NONE}
 * @param relations the oids of the relations that the hash covers, as text
 */
public record Fingerprint(String hash, String relations) {
    /** The fingerprint of no catalog. */
    public static final Fingerprint NONE = new Fingerprint("", "");

    static Fingerprint read(Connection connection) throws SQLException {
        return FingerprintSql.READ.query(connection, row -> {
            row.next();
            return new Fingerprint(row.getString(1), row.getString(2));
        });
    }

    /** Whether a fingerprint read now would be the same. Cheap enough to be asked every second. */
    public boolean isCurrent(Connection connection) throws SQLException {
        return FingerprintSql.COMPARE.query(
                connection,
                row -> {
                    row.next();
                    return row.getString(1).equals(hash);
                },
                relations);
    }
}
