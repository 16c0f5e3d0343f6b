package io.refreshd.client;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;
import org.postgresql.PGConnection;

/**
 * A connection on which changes of views are learned: by {@code LISTEN} with the driver pgjdbc, otherwise by asking {@code
 * refreshd.freshness}.
 *
 * <p>Thread: one.
 */
abstract sealed class ChangeSource implements AutoCloseable permits ListeningSource, PollingSource {
    private final Connection connection;
    private final boolean committedByItself;

    ChangeSource(Connection connection) throws SQLException {
        this.connection = connection;
        // A connection that stays in a transaction would keep all messages in the server's queue.
        this.committedByItself = connection.getAutoCommit();
        connection.setAutoCommit(true);
    }

    /** Borrows a connection. It is the caller's until it is closed. */
    static ChangeSource open(DataSource dataSource) throws SQLException {
        Connection connection = dataSource.getConnection();
        try {
            return connection.isWrapperFor(PGConnection.class)
                    ? new ListeningSource(connection)
                    : new PollingSource(connection);
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    Connection connection() {
        return connection;
    }

    /**
     * Waits for changes, for a fraction of a second or, if it polls, a second.
     *
     * @param views names of the views that have listeners
     */
    abstract List<ChangeMessage> next(Set<String> views) throws SQLException;

    /** Makes the connection as it was. */
    void restore() throws SQLException {
        connection.setAutoCommit(committedByItself);
    }

    @Override
    public void close() throws SQLException {
        try (connection) {
            if (!connection.isClosed()) {
                restore();
            }
        }
    }
}
