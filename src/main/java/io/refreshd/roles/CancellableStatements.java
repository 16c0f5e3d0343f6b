package io.refreshd.roles;

import java.sql.SQLException;
import java.sql.Statement;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * Runs statements one after the other, and can cancel the running one.
 *
 * <p>Thread: one thread executes; any thread may call {@link #cancel}.
 */
final class CancellableStatements {
    private volatile @Nullable PGConnection running;

    /** Work whose statements can be cancelled. */
    interface Work<T> {
        T run() throws SQLException;
    }

    <T> T cancellable(Handle handle, Work<T> work) throws SQLException {
        running = handle.getConnection().unwrap(PGConnection.class);
        try {
            return work.run();
        } finally {
            running = null;
        }
    }

    void execute(Handle transaction, String sql) throws SQLException {
        try (Statement statement = RolesReader.statement(transaction.getConnection())) {
            statement.execute(sql);
        }
    }

    void cancel() throws SQLException {
        PGConnection connection = running;
        if (connection != null) {
            connection.cancelQuery();
        }
    }
}
