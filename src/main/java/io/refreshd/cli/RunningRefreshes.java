package io.refreshd.cli;

import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/** What the server says of the refreshes that are running now, whoever began them. */
final class RunningRefreshes {
    private RunningRefreshes() {}

    /** By the view's oid, how long they have taken; of another role's sessions only with {@code pg_read_all_stats}. */
    static Map<Long, Duration> read(Handle handle) {
        // The one lock under which a view is refreshed, concurrently or not; a refresh that waits for it has not begun.
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
