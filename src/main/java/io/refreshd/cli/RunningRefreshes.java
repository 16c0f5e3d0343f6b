package io.refreshd.cli;

import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/** Reads from the server which refreshes are running now, no matter which session runs them. */
final class RunningRefreshes {
    private RunningRefreshes() {}

    /**
     * The elapsed time of each refresh, by the view's oid. Sessions of other roles are visible only with {@code pg_read_all_stats}.
     */
    static Map<Long, Duration> read(Handle handle) {
        // A refresh holds one of these locks on its view. A refresh that still waits for the lock is not running.
        return handle
                .createQuery("""
                        SELECT l.relation::bigint AS oid,
                               max(extract(epoch FROM clock_timestamp() - a.query_start))::double precision AS seconds
                        FROM pg_catalog.pg_locks l
                        JOIN pg_catalog.pg_stat_activity a USING (pid)
                        WHERE l.locktype = 'relation' AND l.granted AND l.mode IN ('ExclusiveLock', 'AccessExclusiveLock')
                          AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
                          AND a.state = 'active' AND a.query ILIKE '%REFRESH MATERIALIZED VIEW%'
                        GROUP BY l.relation
                        """)
                .map((row, context) ->
                        Map.entry(row.getLong("oid"), Duration.ofMillis((long) (row.getDouble("seconds") * 1000))))
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }
}
