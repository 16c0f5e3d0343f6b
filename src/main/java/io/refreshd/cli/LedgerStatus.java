package io.refreshd.cli;

import io.refreshd.ledger.TopicOffsets;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * The state of daemon, slot and views, as read from the ledger.
 *
 * @param at the time of reading, by the server's clock
 * @param heartbeatAge time since the daemon's last heartbeat; empty if there never was one
 * @param slotProblem what is wrong with the slot; empty if it exists and the daemon reads from it
 * @param retainedBytes log that the server retains for the slot
 */
record LedgerStatus(
        Instant at,
        Optional<Duration> heartbeatAge,
        Optional<String> slotProblem,
        Optional<Long> retainedBytes,
        List<FreshnessRow> views) {

    LedgerStatus {
        views = List.copyOf(views);
    }

    /** Whether the daemon's last heartbeat is older than the timeout. */
    boolean isDaemonAway(Duration heartbeatTimeout) {
        return heartbeatAge.map(age -> age.compareTo(heartbeatTimeout) > 0).orElse(true);
    }

    /** Adds the obstacles that the catalog shows, as suspensions. A paused view stays paused. */
    LedgerStatus with(Map<ViewId, Obstacle> obstacles) {
        List<FreshnessRow> rows = views.stream()
                .map(row -> {
                    Obstacle why = obstacles.get(row.view());
                    return why == null
                                    || row.state().equals("paused")
                                    || row.state().equals("gone")
                            ? row
                            : row.suspended(why);
                })
                .toList();
        return new LedgerStatus(at, heartbeatAge, slotProblem, retainedBytes, rows);
    }

    static boolean ledgerExists(Handle handle) {
        return handle.createQuery("SELECT to_regclass('refreshd.freshness') IS NOT NULL")
                .mapTo(Boolean.class)
                .one();
    }

    static LedgerStatus read(Handle handle, String configuredSlot) {
        return handle.createQuery("""
                        SELECT clock_timestamp() AS at,
                               extract(epoch FROM clock_timestamp() - t.beat_at)::double precision AS beat_age,
                               CASE WHEN s.slot_name IS NULL THEN 'replication slot ' || n.name || ' does not exist'
                                    WHEN s.wal_status = 'lost' THEN 'the server has invalidated replication slot ' || n.name
                                    WHEN NOT s.active THEN 'replication slot ' || n.name || ' is inactive'
                               END AS slot_problem,
                               pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                                                    ELSE pg_current_wal_lsn() END, s.restart_lsn)::bigint AS retained
                        FROM (SELECT 1) AS always
                        LEFT JOIN refreshd.stream t ON true
                        CROSS JOIN LATERAL (SELECT coalesce(nullif(t.slot, :topics), :slot) AS name) n
                        LEFT JOIN pg_replication_slots s ON s.slot_name = n.name
                        """)
                .bind("slot", configuredSlot)
                .bind("topics", TopicOffsets.inPlaceOf(configuredSlot))
                .map((row, context) -> new LedgerStatus(
                        row.getObject("at", OffsetDateTime.class).toInstant(),
                        span(row, "beat_age"),
                        Optional.ofNullable(row.getString("slot_problem")),
                        number(row, "retained"),
                        views(handle)))
                .one();
    }

    private static List<FreshnessRow> views(Handle handle) {
        Map<Long, Duration> running = RunningRefreshes.read(handle);
        return handle.createQuery("""
                        SELECT f.view_schema, f.view_name, f.view_oid,
                               CASE WHEN c.oid IS NULL THEN 'gone'
                                    WHEN NOT c.relispopulated AND f.state <> 'suspended' THEN 'unpopulated'
                                    ELSE f.state END AS state,
                               coalesce(greatest(0, extract(epoch FROM clock_timestamp() - f.dirty_since)), 0)::double precision
                                   AS staleness,
                               f.watermark::text AS watermark,
                               greatest(0, pg_wal_lsn_diff(
                                   CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
                                   f.watermark))::bigint AS lag,
                               f.commit_time, f.refreshed_at,
                               extract(epoch FROM clock_timestamp() - f.refreshed_at)::double precision AS since_refresh,
                               extract(epoch FROM f.last_duration)::double precision AS duration,
                               f.method, f.failures, f.reason, f.remedy, f.remedy_sql, f.server_message
                        FROM refreshd.freshness f
                        LEFT JOIN pg_class c ON c.oid = f.view_oid AND c.relkind IN ('m', 'v')
                        ORDER BY f.view_schema, f.view_name
                        """).map((row, context) -> view(row, running)).list();
    }

    private static FreshnessRow view(ResultSet row, Map<Long, Duration> running) throws SQLException {
        return new FreshnessRow(
                new ViewId(row.getString("view_schema"), row.getString("view_name")),
                row.getString("state"),
                span(row, "staleness").orElse(Duration.ZERO),
                Optional.ofNullable(running.get(row.getLong("view_oid"))),
                Optional.ofNullable(row.getString("watermark")),
                instant(row, "commit_time"),
                number(row, "lag"),
                instant(row, "refreshed_at"),
                span(row, "since_refresh"),
                span(row, "duration"),
                Optional.ofNullable(row.getString("method")),
                row.getInt("failures"),
                Optional.ofNullable(row.getString("reason")),
                remedy(row),
                Optional.ofNullable(row.getString("server_message")));
    }

    private static Optional<Remedy> remedy(ResultSet row) throws SQLException {
        String whole = row.getString("remedy");
        Array sql = row.getArray("remedy_sql");
        return whole == null
                ? Optional.empty()
                : Optional.of(Remedy.of(whole, sql == null ? List.of() : List.of((String[]) sql.getArray())));
    }

    private static Optional<Instant> instant(ResultSet row, String column) throws SQLException {
        return Optional.ofNullable(row.getObject(column, OffsetDateTime.class)).map(OffsetDateTime::toInstant);
    }

    private static Optional<Duration> span(ResultSet row, String column) throws SQLException {
        double seconds = row.getDouble(column);
        return row.wasNull() ? Optional.empty() : Optional.of(Duration.ofMillis(Math.max(0, (long) (seconds * 1000))));
    }

    private static Optional<Long> number(ResultSet row, String column) throws SQLException {
        long number = row.getLong(column);
        return row.wasNull() ? Optional.empty() : Optional.of(number);
    }
}
