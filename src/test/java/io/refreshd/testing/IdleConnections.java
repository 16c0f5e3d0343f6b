package io.refreshd.testing;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;

/**
 * A pool of connections of one user to one database. Opening a connection costs the server as much as dozens of statements.
 *
 * <p>Invariant: a connection is reset before it goes back, and is tested before it is used.
 */
final class IdleConnections implements AutoCloseable {
    private static final int VALID_SECONDS = 5;

    private final String url;
    private final String user;
    private final String password;
    private final Deque<Connection> idle = new ConcurrentLinkedDeque<>();

    IdleConnections(String url, String user, String password) {
        this.url = url;
        this.user = user;
        this.password = password;
    }

    interface Work<T> {
        T on(Statement statement) throws SQLException;
    }

    <T> T with(Work<T> work) throws SQLException {
        Connection connection = alive();
        try (Statement statement = connection.createStatement()) {
            T result = work.on(statement);
            statement.execute("DISCARD ALL");
            idle.push(connection);
            return result;
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    /** The server may have ended the session, or have been replaced by another server. */
    private Connection alive() throws SQLException {
        for (Connection kept = idle.poll(); kept != null; kept = idle.poll()) {
            if (kept.isValid(VALID_SECONDS)) {
                return kept;
            }
            kept.close();
        }
        return DriverManager.getConnection(url, user, password);
    }

    @Override
    public void close() throws SQLException {
        for (Connection connection = idle.poll(); connection != null; connection = idle.poll()) {
            connection.close();
        }
    }
}
