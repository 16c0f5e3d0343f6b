package io.refreshd.capture;

import io.refreshd.database.NameEncoding;
import io.refreshd.model.TableId;
import io.refreshd.model.UnsendableNames;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/** Finds the tables on which other sessions hold a lock that keeps them out of a publication. Waits for nobody. */
public final class TableLocks {
    private TableLocks() {}

    /**
     * Those of the tables that cannot join a publication at present. ALTER PUBLICATION takes SHARE UPDATE EXCLUSIVE. An autovacuum that
     * holds a lock does not count: it gives way to whoever waits. It has no user in pg_stat_activity, which every role may see.
     */
    public static Set<TableId> conflicting(Connection connection, Collection<TableId> tables) throws SQLException {
        String sql = """
                SELECT DISTINCT n.nspname, c.relname
                  FROM pg_catalog.pg_locks l
                  JOIN pg_catalog.pg_class c ON c.oid = l.relation
                  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
                 WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
                   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
                   AND l.mode IN ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock',
                                  'AccessExclusiveLock')
                   AND (a.usesysid IS NOT NULL OR l.pid IS NULL) AND %s AND %s
                """.formatted(UnsendableNames.sendable("n.nspname"), UnsendableNames.sendable("c.relname"));
        NameEncoding.note(connection);
        Set<TableId> locked = new HashSet<>();
        try (PreparedStatement statement = connection.prepareStatement(sql);
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                locked.add(new TableId(row.getString(1), row.getString(2)));
            }
        }
        locked.retainAll(tables);
        return locked;
    }
}
