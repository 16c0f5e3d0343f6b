package io.refreshd.catalog;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The fingerprint of the catalog: a hash of all that {@link CatalogReader#read} could return, made by the server.
 *
 * <p>Invariant: it differs whenever another catalog could be read. REFRESH of a populated view, ANALYZE and VACUUM do not change it.
 *
 * @param hash empty in {@link #NONE}
 * @param relations the oids of the relations that the hash covers, as text
 * @param leftOut oids of views, and of parts of incremental views, that the catalog must be read without: {@link CatalogSizeLimit}
 */
public record Fingerprint(String hash, String relations, Set<Long> leftOut) {
    /** The fingerprint of no catalog. */
    public static final Fingerprint NONE = new Fingerprint("", "", Set.of());

    static Fingerprint read(Connection connection) throws SQLException {
        return read(connection, CatalogSizeLimit.MOST);
    }

    /** @param most columns that there is room for */
    static Fingerprint read(Connection connection, long most) throws SQLException {
        Fingerprint whole = read(connection, Set.of(), most);
        if (!whole.hash().isEmpty()) {
            return whole;
        }
        Fingerprint rest = read(connection, CatalogSizeLimit.exceeding(connection, most), most);
        if (rest.hash().isEmpty()) {
            throw new SQLException("the catalog has grown while its fingerprint was read", "40001");
        }
        return rest;
    }

    private static Fingerprint read(Connection connection, Set<Long> without, long most) throws SQLException {
        return FingerprintSql.READ.query(
                connection,
                row -> {
                    row.next();
                    return new Fingerprint(row.getString(1), row.getString(2), without);
                },
                without.stream().map(String::valueOf).collect(Collectors.joining(",")),
                String.valueOf(most));
    }

    /** Whether a fingerprint read now would be the same. Cheap enough to be asked every second. */
    public boolean isCurrent(Connection connection) throws SQLException {
        return FingerprintSql.COMPARE.query(
                connection,
                row -> {
                    row.next();
                    return row.getString(1).equals(hash);
                },
                relations,
                String.valueOf(CatalogSizeLimit.MOST));
    }
}
