package io.refreshd.database;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** A {@link Connector} as the pool wants it. */
final class ConnectorDataSource implements DataSource {
    private final Connector connector;
    private final AtomicReference<@Nullable Connection> spare = new AtomicReference<>();
    private volatile int loginTimeout;

    ConnectorDataSource(Connector connector) {
        this.connector = connector;
    }

    @Override
    public Connection getConnection() throws SQLException {
        Connection opened = spare.getAndSet(null);
        return opened == null ? connector.open() : opened;
    }

    /** Opens the connection that is given out next. @throws SQLException why there is none */
    void openSpare() throws SQLException {
        close(spare.getAndSet(connector.open()));
    }

    /** Closes what {@link #openSpare} opened and nobody was given. */
    void closeSpare() throws SQLException {
        close(spare.getAndSet(null));
    }

    private static void close(@Nullable Connection connection) throws SQLException {
        if (connection != null) {
            connection.close();
        }
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        throw new SQLFeatureNotSupportedException("the user is in the configuration");
    }

    /** The pool waits so long for a login when it is closed. The connector has a login timeout of its own. */
    @Override
    public int getLoginTimeout() {
        return loginTimeout;
    }

    @Override
    public void setLoginTimeout(int seconds) {
        loginTimeout = seconds;
    }

    @Override
    public @Nullable PrintWriter getLogWriter() {
        return null;
    }

    @Override
    public void setLogWriter(PrintWriter out) {}

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        throw new SQLFeatureNotSupportedException("there is none");
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        throw new SQLException("not a wrapper");
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return false;
    }
}
