package io.refreshd.demo;

import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Counts the rows of views over the application's connection, as one of its readers would.
 *
 * <p>Thread: one.
 */
final class RowCounts implements AutoCloseable {
    private final Connection connection;

    RowCounts(Connection connection) {
        this.connection = connection;
    }

    long of(ViewId view) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM " + SqlNames.qualified(view))) {
            row.next();
            return row.getLong(1);
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
