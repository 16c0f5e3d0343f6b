package io.refreshd.refresh;

import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.jdbi.v3.core.Handle;

/**
 * Locks a view against refreshes by others, before the REFRESH that follows in the same transaction.
 *
 * <p>LOCK TABLE takes no materialized views. But the server locks every relation of a statement when it parses the statement, and
 * keeps the lock until the end of the transaction: a relation FOR SHARE in the mode ROW SHARE, which lets others read, and conflicts
 * with REFRESH. The statement is described and never executed, for the server would refuse that.
 *
 * <p>Failure: nobody need rely on the lock, since {@code pg_locks} tells whether the transaction has it.
 */
final class RefreshLock {
    private RefreshLock() {}

    static void take(Handle transaction, ViewId view) throws SQLException {
        String sql = "SELECT FROM " + SqlNames.qualified(view) + " FOR SHARE";
        try (PreparedStatement statement = transaction.getConnection().prepareStatement(sql)) {
            statement.getMetaData();
        }
    }
}
