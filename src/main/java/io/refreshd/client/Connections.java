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
 * A connection factory for JDBI that borrows connections from the data source and returns each in the auto-commit mode it had.
 *
 * <p>A connection without auto-commit and without an open transaction is switched to auto-commit while it is borrowed. A refresh
 * request must commit to reach the daemon, and a replaced view is looked up again after an error, which an open transaction
 * would not allow. A connection with an open transaction stays in that transaction, and is neither committed nor rolled back.
 *
 * <p>Thread: any.
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

    /**
     * Whether a connection is known to have no open transaction. If the driver cannot tell, the answer is no: switching to
     * auto-commit would commit an open transaction.
     */
    private static boolean isIdle(Connection connection) throws SQLException {
        return connection.isWrapperFor(BaseConnection.class)
                && connection.unwrap(BaseConnection.class).getTransactionState() == TransactionState.IDLE;
    }
}
