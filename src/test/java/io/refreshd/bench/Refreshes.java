package io.refreshd.bench;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Runs REFRESH as applications write it, and counts refreshes by view. */
final class Refreshes {
    /**
     * @param executed refreshes that were committed
     * @param needed those that changed the content of the view, by the statistics of the server
     */
    record Count(long executed, long needed) {
        static final Count NONE = new Count(0, 0);

        Count plus(Count other) {
            return new Count(executed + other.executed, needed + other.needed);
        }

        static Count sum(Collection<Count> counts) {
            return counts.stream().reduce(NONE, Count::plus);
        }
    }

    private final Map<String, Count> counts = new ConcurrentHashMap<>();

    void refresh(Connection connection, String view) throws SQLException {
        boolean before = connection.getAutoCommit();
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            // refreshd does the same: compiling costs more than it gains.
            statement.execute("SET LOCAL jit = off");
            long then = changed(statement, view);
            statement.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY " + view);
            boolean needed = changed(statement, view) > then;
            connection.commit();
            counts.merge(view, new Count(1, needed ? 1 : 0), Count::plus);
        } catch (SQLException e) {
            connection.rollback();
            throw e;
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

    Map<String, Count> counts() {
        return Map.copyOf(counts);
    }
}
