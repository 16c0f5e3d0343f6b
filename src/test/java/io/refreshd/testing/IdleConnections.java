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

    /**
     * {@code DISCARD ALL} without {@code DISCARD PLANS}: planning a query of {@code refreshd.freshness} costs several times its
     * execution, and an application's sessions keep their plans too. A plan says nothing of the session that the reset forgets, and the
     * server makes a new one when an object or a setting that it rests on has changed.
     */
    private static final String RESET =
            "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; DEALLOCATE ALL; UNLISTEN *;"
                    + " SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";

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
            statement.execute(RESET);
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
