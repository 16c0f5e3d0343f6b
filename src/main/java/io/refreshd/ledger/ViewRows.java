package io.refreshd.ledger;

import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Lsn;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.PreparedBatch;
import org.jspecify.annotations.Nullable;

/** Reads and writes {@code refreshd.view_state}, except for what a refresh writes: see {@link RefreshWrites}. */
public final class ViewRows {
    private ViewRows() {}

    public static Map<ViewId, Ledgered> load(Handle handle) {
        return handle.createQuery("""
                        SELECT view_schema, view_name, view_oid, lineage, marked > covered AS dirty, dirty_since,
                               watermark::text AS watermark, snapshot::text AS snapshot, refreshed_at,
                               extract(epoch FROM last_duration)::double precision AS last_seconds,
                               failures, paused, closed_until, suspended_what, suspended_remedy, suspended_sql
                        FROM refreshd.view_state
                        """).map((row, context) -> ledgered(row)).stream()
                .collect(Collectors.toMap(row -> row.entry().view(), Function.identity()));
    }

    /**
     * Returns the highest number that a mark has had, at least 1. The numbers of a new run of the daemon begin after it.
     *
     * <p>Invariant: no refresh has covered a higher number, so that a new mark makes a view dirty. A view whose row was made while the
     * daemon ran has in memory a higher number than in its row, and its first refresh covers that one.
     */
    public static long highestMark(Handle handle) {
        return handle.createQuery("SELECT greatest(1, max(marked), max(covered)) FROM refreshd.view_state")
                .mapTo(Long.class)
                .one();
    }

    /**
     * Makes the ledger hold exactly these views. A view that is new, or has another oid under a known name, starts dirty. For the
     * others everything is updated except for the lineage, and {@code untracked} is set but not cleared: see {@link #adopt}.
     */
    public static void register(Handle handle, Collection<Registration> views) {
        List<Registration> rows = List.copyOf(views);
        handle.createUpdate("""
                        DELETE FROM refreshd.view_state s
                        WHERE NOT EXISTS (SELECT FROM unnest(:schemas, :names, :oids) AS v (schema, name, oid)
                                          WHERE (v.schema, v.name, v.oid) = (s.view_schema, s.view_name, s.view_oid))
                        """)
                .bind("schemas", texts(rows, row -> row.view().schema()))
                .bind("names", texts(rows, row -> row.view().name()))
                .bind("oids", rows.stream().map(Registration::oid).toArray(Long[]::new))
                .execute();
        long number = highestMark(handle);
        batch(handle, rows, """
                INSERT INTO refreshd.view_state
                    (view_schema, view_name, view_oid, lineage, upstream, untracked, untracked_what, untracked_remedy, untracked_sql,
                     obstacle_what, obstacle_remedy, obstacle_sql, marked)
                VALUES (:schema, :name, :oid, :lineage, CAST(:upstream AS oid[]), :untracked, :source, :sourceRemedy, CAST(:sourceSql AS text[]),
                        :what, :remedy, CAST(:sql AS text[]), :number)
                ON CONFLICT (view_schema, view_name) DO UPDATE
                SET upstream = excluded.upstream, untracked = view_state.untracked OR excluded.untracked,
                    untracked_what = coalesce(excluded.untracked_what, view_state.untracked_what),
                    untracked_remedy = CASE WHEN excluded.untracked_what IS NULL THEN view_state.untracked_remedy
                                            ELSE excluded.untracked_remedy END,
                    untracked_sql = CASE WHEN excluded.untracked_what IS NULL THEN view_state.untracked_sql
                                         ELSE excluded.untracked_sql END,
                    obstacle_what = excluded.obstacle_what, obstacle_remedy = excluded.obstacle_remedy,
                    obstacle_sql = excluded.obstacle_sql,
                    watermark = CASE WHEN NOT excluded.untracked THEN view_state.watermark END,
                    commit_time = CASE WHEN NOT excluded.untracked THEN view_state.commit_time END
                WHERE (view_state.upstream, view_state.untracked, view_state.untracked_what, view_state.untracked_remedy,
                       view_state.untracked_sql, view_state.obstacle_what, view_state.obstacle_remedy, view_state.obstacle_sql)
                   IS DISTINCT FROM (excluded.upstream, excluded.untracked, excluded.untracked_what, excluded.untracked_remedy,
                                     excluded.untracked_sql, excluded.obstacle_what, excluded.obstacle_remedy, excluded.obstacle_sql)
                """, number);
    }

    /**
     * Stores the lineage of these views, and clears {@code untracked} where all sources are tracked again. The caller marks the
     * affected views first. If the lineage were stored before the marks, a crash in between would hide the difference, and the
     * ledger would claim a watermark too early.
     */
    public static void adopt(Handle handle, Collection<Registration> views) {
        batch(handle, views, """
                UPDATE refreshd.view_state SET lineage = :lineage, untracked = :untracked,
                    untracked_what = :source, untracked_remedy = :sourceRemedy, untracked_sql = CAST(:sourceSql AS text[])
                WHERE (view_schema, view_name) = (:schema, :name) AND view_oid = :oid
                  AND (lineage, untracked, untracked_what, untracked_remedy, untracked_sql)
                      IS DISTINCT FROM (:lineage, :untracked, CAST(:source AS text), CAST(:sourceRemedy AS text), CAST(:sourceSql AS text[]))
                """, 0);
    }

    /**
     * Stores a view that was created just now, perhaps in place of another one with that name, as dirty. Nothing is kept of the
     * other one. The empty lineage differs from every hash, so the next comparison with the catalog treats the view as changed.
     */
    public static void replace(Handle handle, ViewId view, long oid) {
        handle.createUpdate("""
                        INSERT INTO refreshd.view_state (view_schema, view_name, view_oid, lineage, marked, dirty_since)
                        VALUES (:schema, :name, :oid, '', :number, clock_timestamp())
                        ON CONFLICT (view_schema, view_name) DO UPDATE
                        SET view_oid = excluded.view_oid, lineage = '', upstream = '{}', untracked = false, untracked_what = NULL,
                            untracked_remedy = NULL, untracked_sql = '{}',
                            marked = greatest(view_state.marked, excluded.marked), covered = 0,
                            dirty_since = excluded.dirty_since, watermark = NULL, commit_time = NULL, snapshot = NULL,
                            refreshed_at = NULL, last_duration = NULL, storage_xid = NULL, method = NULL, refreshes = 0, failures = 0,
                            suspended_what = NULL, suspended_remedy = NULL, suspended_sql = '{}', suspended_xid = NULL,
                            closed_until = NULL, obstacle_what = NULL, obstacle_remedy = NULL, obstacle_sql = '{}'
                        """)
                .bind("schema", view.schema())
                .bind("name", view.name())
                .bind("oid", oid)
                .bind("number", highestMark(handle))
                .execute();
    }

    public static void forget(Handle handle, ViewId view) {
        handle.createUpdate("DELETE FROM refreshd.view_state WHERE (view_schema, view_name) = (:schema, :name)")
                .bind("schema", view.schema())
                .bind("name", view.name())
                .execute();
    }

    private static void batch(Handle handle, Collection<Registration> rows, String sql, long number) {
        if (rows.isEmpty()) {
            return;
        }
        PreparedBatch batch = handle.prepareBatch(sql);
        for (Registration row : rows) {
            batch.bind("schema", row.view().schema())
                    .bind("name", row.view().name())
                    .bind("oid", row.oid())
                    .bind("lineage", row.lineage())
                    .bind(
                            "upstream",
                            row.upstream().stream().map(String::valueOf).collect(Collectors.joining(",", "{", "}")))
                    .bind("untracked", row.untracked().isPresent())
                    .bind("source", row.untracked().map(Obstacle::what).orElse(null))
                    .bind("sourceRemedy", words(row.untracked()))
                    .bind("sourceSql", sql(row.untracked()))
                    .bind("what", row.obstacle().map(Obstacle::what).orElse(null))
                    .bind("remedy", words(row.obstacle()))
                    .bind("sql", sql(row.obstacle()))
                    .bind("number", number)
                    .add();
        }
        batch.execute();
    }

    /** Records that the last refresh of the view covers the marks up to {@code number}, as was found after its commit. */
    public static void settle(
            Handle handle, ViewId view, long oid, long number, Optional<Lsn> watermark, Optional<Instant> commitTime) {
        handle.createUpdate("""
                        UPDATE refreshd.view_state
                        SET covered = greatest(covered, :number),
                            dirty_since = CASE WHEN marked > greatest(covered, :number) THEN dirty_since END,
                            %s
                        WHERE (view_schema, view_name) = (:schema, :name) AND view_oid = :oid
                        """.formatted(Watermarks.NEWER))
                .bind("oid", oid)
                .bind("number", number)
                .bind("routed", watermark.map(Lsn::toString).orElse(null))
                .bind("at", commitTime.map(Instant::toString).orElse(null))
                .bind("schema", view.schema())
                .bind("name", view.name())
                .execute();
    }

    /**
     * Stores what the scheduler decided about a view: failures in a row, pause, window and suspension.
     *
     * @param closedUntil until when its window is closed; empty: it is open, or there is none
     */
    public static void remember(
            Handle handle,
            ViewId view,
            int failures,
            boolean paused,
            Optional<Instant> closedUntil,
            Optional<Obstacle> suspended) {
        handle.createUpdate("""
                        UPDATE refreshd.view_state
                        SET failures = :failures, paused = :paused, closed_until = CAST(:closed AS timestamptz),
                            suspended_what = :what, suspended_remedy = :remedy, suspended_sql = CAST(:sql AS text[]),
                            suspended_xid = CASE WHEN (failures, suspended_what) = (:failures, CAST(:what AS text)) THEN suspended_xid
                                                 WHEN CAST(:what AS text) IS NOT NULL THEN pg_current_xact_id() END
                        WHERE (view_schema, view_name) = (:schema, :name)
                        """)
                .bind("failures", failures)
                .bind("paused", paused)
                .bind("closed", closedUntil.map(Instant::toString).orElse(null))
                .bind("what", suspended.map(Obstacle::what).orElse(null))
                .bind("remedy", words(suspended))
                .bind("sql", sql(suspended))
                .bind("schema", view.schema())
                .bind("name", view.name())
                .execute();
    }

    private static @Nullable String words(Optional<Obstacle> obstacle) {
        return obstacle.map(why -> why.remedy().text()).orElse(null);
    }

    private static String[] sql(Optional<Obstacle> obstacle) {
        return obstacle.map(why -> why.remedy().sql()).orElse(List.of()).toArray(String[]::new);
    }

    private static <T> String[] texts(List<T> rows, Function<T, String> column) {
        return rows.stream().map(column).toArray(String[]::new);
    }

    private static Ledgered ledgered(ResultSet row) throws SQLException {
        double lastSeconds = row.getDouble("last_seconds");
        Optional<Duration> lastDuration =
                row.wasNull() ? Optional.empty() : Optional.of(Duration.ofNanos((long) (lastSeconds * 1e9)));
        String what = row.getString("suspended_what");
        String words = row.getString("suspended_remedy");
        List<String> sql = List.of((String[]) row.getArray("suspended_sql").getArray());
        LedgerEntry entry = new LedgerEntry(
                new ViewId(row.getString("view_schema"), row.getString("view_name")),
                row.getBoolean("dirty"),
                instant(row, "dirty_since"),
                Optional.ofNullable(row.getString("watermark")).map(Lsn::parse),
                Optional.ofNullable(row.getString("snapshot")).map(Snapshot::parse),
                instant(row, "refreshed_at"),
                lastDuration,
                row.getInt("failures"),
                row.getBoolean("paused"),
                instant(row, "closed_until"),
                what == null
                        ? Optional.empty()
                        : Optional.of(new Obstacle(what, new Remedy(sql, words == null ? "" : words))));
        return new Ledgered(entry, row.getLong("view_oid"), row.getString("lineage"));
    }

    private static Optional<Instant> instant(ResultSet row, String column) throws SQLException {
        return Optional.ofNullable(row.getObject(column, OffsetDateTime.class)).map(OffsetDateTime::toInstant);
    }
}
