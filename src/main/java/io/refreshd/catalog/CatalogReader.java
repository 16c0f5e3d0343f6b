package io.refreshd.catalog;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Reads the system catalog. Called from any thread that owns a connection; blocks; works for every role, since all that is
 * read is readable by PUBLIC.
 */
public final class CatalogReader {
    private CatalogReader() {}

    /**
     * Everything, as of one snapshot: in a transaction of its own if the connection is in autocommit mode (and still is
     * afterwards), else in the caller's, which then ought to be REPEATABLE READ.
     */
    public static Catalog read(Connection connection) throws SQLException {
        if (!connection.getAutoCommit()) {
            return new CatalogQueries(connection).read();
        }
        connection.setAutoCommit(false);
        try {
            try (Statement statement = connection.createStatement()) {
                statement.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
                // Catalog queries look expensive to the planner and are not: compiling them would take most of the
                // time.
                statement.execute("SET LOCAL jit = off");
            }
            Catalog catalog = new CatalogQueries(connection).read();
            connection.commit();
            return catalog;
        } catch (SQLException | RuntimeException failure) {
            rollback(connection, failure);
            throw failure;
        } finally {
            if (!connection.isClosed()) {
                connection.setAutoCommit(true);
            }
        }
    }

    /**
     * Changes whenever {@link #read} could return something else, and not by refreshing, analyzing or vacuuming. One
     * query, hashed on the server: cheap enough to be asked every few seconds.
     */
    public static String fingerprint(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(CatalogSql.FINGERPRINT);
                ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getString(1);
        }
    }

    private static void rollback(Connection connection, Exception failure) {
        try {
            connection.rollback();
        } catch (SQLException alsoFailed) {
            failure.addSuppressed(alsoFailed);
        }
    }
}
