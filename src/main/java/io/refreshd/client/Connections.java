package io.refreshd.client;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.jdbi.v3.core.ConnectionFactory;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/**
 * Borrows connections, and gives them back as they came. One without auto commit in which nothing has begun gets auto commit
 * meanwhile: what is asked of the daemon has to commit, and a view that was replaced is looked up again after an error. One that
 * comes within somebody's transaction stays in it, and neither commits nor rolls back.
 */
final class Connections implements ConnectionFactory {
    private final DataSource dataSource;
    private final Set<Connection> switched = ConcurrentHashMap.newKeySet();

    Connections(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    @Override
    public Connection openConnection() throws SQLException {
        Connection connection = dataSource.getConnection();
        try {
            if (!connection.getAutoCommit() && isIdle(connection)) {
                connection.setAutoCommit(true);
                switched.add(connection);
            }
            return connection;
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
    }

    @Override
    public void closeConnection(Connection connection) throws SQLException {
        try (connection) {
            if (switched.remove(connection)) {
                connection.setAutoCommit(false);
            }
        }
    }

    /** Setting auto commit would commit what is under way, so whoever does not say counts as busy. */
    private static boolean isIdle(Connection connection) throws SQLException {
        return connection.isWrapperFor(BaseConnection.class)
                && connection.unwrap(BaseConnection.class).getTransactionState() == TransactionState.IDLE;
    }
}
