package io.refreshd.ledger;

import io.refreshd.model.Lsn;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jdbi.v3.core.Handle;

/** Writes dirty marks to {@code refreshd.view_state}. */
public final class DirtyMarks {
    private DirtyMarks() {}

    /**
     * Marks views: each lacks a change, and needs a refresh.
     *
     * <p>A view that was clean is stored with the watermark that it had while clean, {@code routed}, since the stream's
     * position does not hold for it from now on. A view that reads other views is stored with what {@code refreshd.freshness}
     * claims of it: one of those may be dirty, and would be refreshed first.
     *
     * <p>A mark may be written after the refresh that covers it. Then it leaves the view clean, and does not set {@code
     * dirty_since}.
     *
     * <p>Invariant: rows are locked in the same order here and in {@link RefreshWrites}; otherwise the two could deadlock.
     *
     * <p>The statement proves the lease and is a transaction by itself: marks come with every batch of the log, and each round trip holds up
     * the reader. The message that it emits stands behind the commits that caused the mark, so that the routed position passes them soon.
     *
     * @param token of the lease
     * @param number of the mark
     * @param since for each view, the commit time of the oldest change that it lacks
     * @param invalidated those of the views of which the last refresh's snapshot says nothing any more
     * @param routed every transaction that committed at or before it has been routed
     * @param commitTime commit time that {@code routed} stands for
     * @return a snapshot as old as the statement
     * @throws LeaseLostException if the token is no longer valid; nothing was written
     */
    public static Snapshot write(
            Handle handle,
            long token,
            long number,
            Map<ViewId, Instant> since,
            Set<ViewId> invalidated,
            Lsn routed,
            Optional<Instant> commitTime) {
        List<Map.Entry<ViewId, Instant>> rows = List.copyOf(since.entrySet());
        List<ViewId> views = rows.stream().map(Map.Entry::getKey).toList();
        Map<ViewId, StackClaims.Claim> claims = StackClaims.of(handle, views);
        return handle.createQuery("""
                        WITH lease AS MATERIALIZED (%s), needed AS (
                            SELECT s.view_schema, s.view_name, n.since, n.invalidated, n.position, n.at
                            -- In sub-queries, so that the server keeps one plan for all values.
                            FROM lease CROSS JOIN
                                 unnest((SELECT CAST(:schemas AS text[])), (SELECT CAST(:names AS text[])),
                                        (SELECT CAST(:since AS timestamptz[])), (SELECT CAST(:invalidated AS boolean[])),
                                        (SELECT CAST(:positions AS pg_lsn[])), (SELECT CAST(:times AS timestamptz[])))
                                 AS n (schema, name, since, invalidated, position, at)
                            JOIN refreshd.view_state s ON (s.view_schema, s.view_name) = (n.schema, n.name)
                            ORDER BY s.view_schema, s.view_name
                            FOR UPDATE OF s
                        ), marked AS (
                            UPDATE refreshd.view_state s
                            SET marked = greatest(s.marked, :number),
                                dirty_since = CASE WHEN s.marked > s.covered THEN least(s.dirty_since, n.since)
                                                   WHEN :number > s.covered THEN n.since END,
                                snapshot = CASE WHEN NOT n.invalidated OR :number <= s.covered THEN s.snapshot END,
                                (watermark, commit_time) = (
                                    SELECT c.watermark, c.commit_time
                                    FROM (SELECT s.watermark, s.commit_time
                                          UNION ALL
                                          SELECT CAST(:routed AS pg_lsn), CAST(:at AS timestamptz)
                                          WHERE s.marked <= s.covered AND NOT s.untracked AND s.frozen IS NULL
                                            AND s.upstream = '{}'
                                          UNION ALL
                                          SELECT n.position, n.at
                                          WHERE s.marked <= s.covered AND NOT s.untracked AND s.upstream <> '{}') c
                                    ORDER BY c.watermark DESC NULLS LAST LIMIT 1)
                            FROM needed n
                            WHERE (s.view_schema, s.view_name) = (n.view_schema, n.view_name)
                        )
                        SELECT pg_catalog.pg_current_snapshot()::text, pg_catalog.pg_logical_emit_message(false, 'refreshd:mark', '')
                        FROM lease
                        """.formatted(Lease.PROOF))
                .bind("schemas", texts(rows, row -> row.getKey().schema()))
                .bind("names", texts(rows, row -> row.getKey().name()))
                .bind("since", texts(rows, row -> row.getValue().toString()))
                .bind(
                        "invalidated",
                        rows.stream()
                                .map(row -> invalidated.contains(row.getKey()))
                                .toArray(Boolean[]::new))
                .bind("positions", StackClaims.positions(claims, views))
                .bind("times", StackClaims.times(claims, views))
                .bind("number", number)
                .bind("routed", routed.toString())
                .bind("at", commitTime.map(Instant::toString).orElse(null))
                .bind("token", token)
                .mapTo(String.class)
                .findOne()
                .map(Snapshot::parse)
                .orElseThrow(LeaseLostException::new);
    }

    private static String[] texts(
            List<Map.Entry<ViewId, Instant>> rows, Function<Map.Entry<ViewId, Instant>, String> column) {
        return rows.stream().map(column).toArray(String[]::new);
    }
}
