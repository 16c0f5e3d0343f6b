package io.refreshd.ledger;

import io.refreshd.model.Failure;
import io.refreshd.model.Lsn;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * What a refresh writes to the ledger.
 *
 * <p>Invariant: {@link #refreshed} runs in the transaction of the REFRESH, so the new content and its ledger row are committed
 * together or not at all. A round of an incremental view writes its ledger row right after its content; a crash in between leaves a
 * row that claims less than the view holds.
 */
public final class RefreshWrites {
    private RefreshWrites() {}

    /**
     * Records a successful refresh.
     *
     * @param token of the lease
     * @param commitTime commit time of the task's position in the log
     * @param downstream whether to mark the views that read this one
     * @return false if the ledger has no row for this view with this oid: then the caller must roll back
     */
    public static boolean refreshed(
            Handle transaction,
            long token,
            RefreshTask task,
            Snapshot snapshot,
            Optional<Instant> commitTime,
            Duration duration,
            Optional<Long> rowsChanged,
            boolean downstream) {
        Lease.prove(transaction, token);
        lockInOrder(transaction, List.of(task));
        return refreshed(transaction, task, snapshot, commitTime, duration, rowsChanged, downstream, Optional.empty());
    }

    /**
     * An incremental view of which rows were recomputed.
     *
     * @param commitTime commit time of the task's position in the log
     * @param downstream whether to mark the views that read this one
     * @param detail what the history says of it beside the number of rows
     */
    public record Recomputed(
            RefreshTask task,
            Snapshot snapshot,
            Optional<Instant> commitTime,
            Duration duration,
            long rowsChanged,
            boolean downstream,
            String detail) {}

    /** Records the round of several views. @return those of which the ledger has a row with this oid */
    public static Set<ViewId> recomputed(Handle transaction, long token, List<Recomputed> views) {
        Lease.prove(transaction, token);
        lockInOrder(transaction, views.stream().map(Recomputed::task).toList());
        Set<ViewId> known = new HashSet<>();
        for (Recomputed view : views) {
            boolean found = refreshed(
                    transaction,
                    view.task(),
                    view.snapshot(),
                    view.commitTime(),
                    view.duration(),
                    Optional.of(view.rowsChanged()),
                    view.downstream(),
                    Optional.of(view.detail()));
            if (found) {
                known.add(view.task().view());
            }
        }
        return known;
    }

    /**
     * The caller has proven the lease, and locked the rows.
     *
     * <p>Invariant: a snapshot that a mark has taken from the row ({@link DirtyMarks#write}) stays away until a refresh has covered that mark.
     * A refresh that began before the mark lacks what the mark is about.
     */
    private static boolean refreshed(
            Handle transaction,
            RefreshTask task,
            Snapshot snapshot,
            Optional<Instant> commitTime,
            Duration duration,
            Optional<Long> rowsChanged,
            boolean downstream,
            Optional<String> detail) {
        if (downstream) {
            markDownstream(transaction, task);
        }
        int known = transaction
                .createUpdate("""
                        UPDATE refreshd.view_state
                        SET covered = greatest(covered, :covers),
                            dirty_since = CASE WHEN marked > greatest(covered, :covers) THEN dirty_since END,
                            %s,
                            snapshot = CASE WHEN snapshot IS NOT NULL OR marked <= greatest(covered, :covers)
                                            THEN CAST(:snapshot AS pg_snapshot) END,
                            refreshed_at = clock_timestamp(),
                            last_duration = make_interval(secs => :seconds),
                            method = :method,
                            refreshes = refreshes + 1,
                            storage_xid = %s,
                            failures = 0,
                            suspended_what = NULL,
                            suspended_remedy = NULL,
                            suspended_sql = '{}'
                        WHERE (view_schema, view_name) = (:schema, :name) AND view_oid = :oid
                        """.formatted(Watermarks.NEWER, StorageVersion.PRESENT))
                .bind("covers", task.covers())
                .bind("routed", task.routed().map(Lsn::toString).orElse(null))
                .bind("at", commitTime.map(Instant::toString).orElse(null))
                .bind("snapshot", snapshot.toString())
                .bind("seconds", seconds(duration))
                .bind("method", word(task))
                .bind("schema", task.view().schema())
                .bind("name", task.view().name())
                .bind("oid", task.oid())
                .execute();
        if (known == 0) {
            return false;
        }
        history(transaction, task, duration, "refreshed", rowsChanged, detail.orElse(null));
        return true;
    }

    /**
     * Records that the view needed no refresh: it holds everything that the snapshot sees. The caller has proven the lease.
     *
     * @param snapshot in which view and definition agreed
     * @return false if the ledger has no row for this view with this oid
     */
    public static boolean unchanged(
            Handle transaction, RefreshTask task, Snapshot snapshot, Optional<Instant> commitTime) {
        return transaction
                        .createUpdate("""
                        UPDATE refreshd.view_state
                        SET covered = greatest(covered, :covers),
                            dirty_since = CASE WHEN marked > :covers THEN dirty_since END,
                            %s,
                            snapshot = CAST(:snapshot AS pg_snapshot),
                            failures = 0,
                            suspended_what = NULL,
                            suspended_remedy = NULL,
                            suspended_sql = '{}'
                        WHERE (view_schema, view_name) = (:schema, :name) AND view_oid = :oid
                        """.formatted(Watermarks.NEWER))
                        .bind("covers", task.covers())
                        .bind("snapshot", snapshot.toString())
                        .bind("routed", task.routed().map(Lsn::toString).orElse(null))
                        .bind("at", commitTime.map(Instant::toString).orElse(null))
                        .bind("schema", task.view().schema())
                        .bind("name", task.view().name())
                        .bind("oid", task.oid())
                        .execute()
                > 0;
    }

    /**
     * Adds a failed refresh to the history, and keeps what the server said apart from it. The transaction of the refresh was rolled
     * back, so this is another one.
     */
    public static void failed(Handle transaction, RefreshTask task, Duration duration, Failure failure) {
        history(transaction, task, duration, "failed", Optional.empty(), failure.what());
        transaction
                .createUpdate("""
                        INSERT INTO refreshd.failure_message (view_oid, message) VALUES (:oid, :message)
                        ON CONFLICT (view_oid) DO UPDATE SET message = excluded.message, failed_at = excluded.failed_at
                        """)
                .bind("oid", task.oid())
                .bind("message", failure.said().text())
                .execute();
    }

    /**
     * Marks the views that read this one. Such a view still holds what this one held before the refresh, so its watermark stays
     * what {@code refreshd.freshness} claims of it now: the lowest of all views that it reads. Therefore this statement comes
     * before the one that raises the watermark of this view.
     */
    private static void markDownstream(Handle transaction, RefreshTask task) {
        transaction
                .createUpdate("""
                        UPDATE refreshd.view_state d
                        SET marked = greatest(d.marked, :number),
                            dirty_since = CASE WHEN d.marked > d.covered THEN least(d.dirty_since, v.since)
                                               WHEN :number > d.covered THEN v.since END,
                            (watermark, commit_time) = (
                                SELECT c.watermark, c.commit_time
                                FROM (SELECT d.watermark, d.commit_time
                                      UNION ALL
                                      SELECT f.watermark, f.commit_time WHERE d.marked <= d.covered AND NOT d.untracked) c
                                ORDER BY c.watermark DESC NULLS LAST LIMIT 1)
                        FROM refreshd.freshness f
                        CROSS JOIN (SELECT coalesce(CAST(:since AS timestamptz), clock_timestamp()) AS since) v
                        WHERE f.view_oid = d.view_oid AND (d.view_schema, d.view_name) IN (SELECT * FROM unnest(:schemas, :names))
                          AND (d.view_schema, d.view_name) <> (:schema, :name)
                        """)
                .bind("number", task.downstreamMark())
                .bind("since", task.oldestCommit().map(Instant::toString).orElse(null))
                .bind("schema", task.view().schema())
                .bind("name", task.view().name())
                .bind("schemas", names(task, ViewId::schema))
                .bind("names", names(task, ViewId::name))
                .execute();
    }

    /** Locks the rows in the order that {@link DirtyMarks#write} uses too, so that the two cannot deadlock. */
    private static void lockInOrder(Handle transaction, List<RefreshTask> tasks) {
        transaction
                .createQuery("""
                        SELECT count(*) FROM (
                            SELECT FROM refreshd.view_state
                            WHERE (view_schema, view_name) IN (SELECT * FROM unnest(:schemas, :names))
                            ORDER BY view_schema, view_name
                            FOR UPDATE) locked
                        """)
                .bind("schemas", names(tasks, ViewId::schema))
                .bind("names", names(tasks, ViewId::name))
                .mapTo(Integer.class)
                .one();
    }

    private static String[] names(RefreshTask task, Function<ViewId, String> part) {
        return names(List.of(task), part);
    }

    private static String[] names(List<RefreshTask> tasks, Function<ViewId, String> part) {
        return tasks.stream()
                .flatMap(task -> Stream.concat(Stream.of(task.view()), task.downstream().stream()))
                .map(part)
                .toArray(String[]::new);
    }

    private static void history(
            Handle transaction,
            RefreshTask task,
            Duration duration,
            String outcome,
            Optional<Long> rowsChanged,
            @Nullable String detail) {
        transaction
                .createUpdate("""
                        INSERT INTO refreshd.refresh_history
                            (view_schema, view_name, duration, method, outcome, rows_changed, watermark, detail)
                        VALUES (:schema, :name, make_interval(secs => :seconds), :method, :outcome, :rows,
                                CAST(:watermark AS pg_lsn), :detail)
                        """)
                .bind("schema", task.view().schema())
                .bind("name", task.view().name())
                .bind("seconds", seconds(duration))
                .bind("method", word(task))
                .bind("outcome", outcome)
                .bind("rows", rowsChanged.orElse(null))
                .bind("watermark", task.routed().map(Lsn::toString).orElse(null))
                .bind("detail", detail)
                .execute();
    }

    private static String word(RefreshTask task) {
        return task.method().name().toLowerCase(Locale.ROOT);
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }
}
