package io.refreshd.roles;

import java.sql.SQLException;
import java.sql.Statement;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Runs statements one after the other, and can cancel the running one.
 *
 * <p>Thread: one thread executes; any thread may call {@link #cancel}.
 */
final class CancellableStatements {
    private volatile @Nullable Statement running;

    void execute(Handle transaction, String sql) throws SQLException {
        try (Statement statement = RolesReader.statement(transaction.getConnection())) {
            running = statement;
            statement.execute(sql);
        } finally {
            running = null;
        }
    }

    void cancel() throws SQLException {
        Statement statement = running;
        if (statement != null) {
            statement.cancel();
        }
    }
}
