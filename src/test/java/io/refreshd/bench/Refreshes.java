package io.refreshd.bench;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicLong;

/** Refreshes as everybody writes them, counted. */
final class Refreshes {
    /**
     * @param executed refreshes that were committed
     * @param needed those of them that changed the view's content, by the server's counters
     */
    record Count(long executed, long needed) {}

    private final AtomicLong executed = new AtomicLong();
    private final AtomicLong needed = new AtomicLong();

    void refresh(Connection connection, String view) throws SQLException {
        boolean before = connection.getAutoCommit();
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            long then = changed(statement, view);
            statement.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY " + view);
            if (changed(statement, view) > then) {
                needed.incrementAndGet();
            }
            connection.commit();
            executed.incrementAndGet();
        } finally {
            connection.setAutoCommit(before);
        }
    }

    private static long changed(Statement statement, String view) throws SQLException {
        try (ResultSet row = statement.executeQuery("""
                SELECT pg_stat_get_xact_tuples_inserted(o) + pg_stat_get_xact_tuples_deleted(o)
                FROM (SELECT '%s'::regclass::oid AS o) v""".formatted(view))) {
            row.next();
            return row.getLong(1);
        }
    }

    Count count() {
        return new Count(executed.get(), needed.get());
    }
}
