package io.refreshd.catalog;

import io.refreshd.model.TableId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

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
     * These tables, whether or not a view reads them; without those that are not there, and those whose rows are not in the
     * log. In the caller's transaction, if there is one.
     */
    public static List<BaseTable> tables(Connection connection, Collection<TableId> names) throws SQLException {
        return new CatalogQueries(connection).tables(names);
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

    /**
     * Relations that a transaction is altering, or has altered and committed so lately that the catalog does not show it yet:
     * it keeps its locks until it does. Names too many rather than too few, such as one that is being truncated.
     */
    public static Set<Long> beingAltered(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(CatalogSql.BEING_ALTERED);
                ResultSet row = statement.executeQuery()) {
            Set<Long> relations = new HashSet<>();
            while (row.next()) {
                relations.add(row.getLong(1));
            }
            return relations;
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
