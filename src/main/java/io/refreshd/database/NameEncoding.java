package io.refreshd.database;

import io.refreshd.model.UnsendableNames;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import org.postgresql.PGConnection;

/** Notes in a session which names the server cannot send, so that queries can leave them out. */
public final class NameEncoding {
    private NameEncoding() {}

    /**
     * Costs nothing if the database is in UTF-8.
     *
     * <p>Failure: without the right to use the language plpgsql nothing is noted.
     */
    public static void note(Connection connection) throws SQLException {
        String encoding = connection.unwrap(PGConnection.class).getParameterStatus("server_encoding");
        if (encoding == null || !UnsendableNames.mustBeNoted(encoding)) {
            return;
        }
        Savepoint before = connection.getAutoCommit() ? null : connection.setSavepoint();
        try (Statement statement = connection.createStatement()) {
            statement.execute(UnsendableNames.NOTE);
            if (before != null) {
                connection.releaseSavepoint(before);
            }
        } catch (SQLException e) {
            if (!String.valueOf(e.getSQLState()).startsWith("42")) {
                throw e;
            }
            if (before != null) {
                connection.rollback(before);
            }
        }
    }
}
