package io.refreshd.ledger;

import io.refreshd.model.Failure;
import io.refreshd.model.Lsn;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
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
        Written view = new Written(task, snapshot, commitTime, duration, rowsChanged, downstream, null);
        return !together(transaction, token, List.of(view), Optional.empty()).isEmpty();
    }

    /**
     * A view that was brought up to date.
     *
     * @param commitTime commit time of the task's position in the log
     * @param rowsChanged empty if that is not known
     * @param downstream whether to mark the views that read this one
     * @param detail what the history says of it beside the number of rows; null: nothing
     */
    public record Written(
            RefreshTask task,
            Snapshot snapshot,
            Optional<Instant> commitTime,
            Duration duration,
            Optional<Long> rowsChanged,
            boolean downstream,
            @Nullable String detail) {}

    /**
     * Records several views whose rows are brought up to date, in this transaction or in one that has committed. If none of them marks the
     * views that read it, that is one statement, which proves the lease and may be a transaction by itself.
     *
     * <p>Invariant: a snapshot that a mark has taken from the row ({@link DirtyMarks#write}) stays away until a refresh has covered that mark.
     * A refresh that began before the mark lacks what the mark is about.
     *
     * @param storage id of the other transaction if it has refreshed materialized views. Somebody else may have refreshed one since, so that
     *     the present version of its storage need not be refreshd's
     * @return those of which the ledger has a row with this oid
     * @throws LeaseLostException if the token is no longer valid; nothing was written
     */
    public static Set<ViewId> together(Handle handle, long token, List<Written> views, Optional<String> storage) {
        List<RefreshTask> marking =
                views.stream().filter(Written::downstream).map(Written::task).toList();
        if (!marking.isEmpty()) {
            Lease.proveAndCommitLocally(handle, token);
            DownstreamMarks.lockInOrder(
                    handle, views.stream().map(Written::task).toList());
            marking.forEach(task -> DownstreamMarks.write(handle, task));
        }
        Set<Optional<ViewId>> written = write(handle, token, views, storage);
        if (written.isEmpty()) {
            throw new LeaseLostException();
        }
        return written.stream().flatMap(Optional::stream).collect(Collectors.toSet());
    }

    /** @return nothing, and with it those of which the ledger has a row with this oid; no element at all if the lease is lost */
    private static Set<Optional<ViewId>> write(
            Handle handle, long token, List<Written> views, Optional<String> storage) {
        return handle.createQuery("""
                        WITH lease AS MATERIALIZED (%s), n AS MATERIALIZED (
                            SELECT n.schema, n.name, n.oid, n.covers, CAST(n.routed AS pg_lsn) AS routed,
                                   CAST(n.at AS timestamptz) AS at, CAST(n.seen AS pg_snapshot) AS seen,
                                   make_interval(secs => CAST(n.seconds AS float8)) AS duration, n.method, n.changed, n.detail
                            -- In sub-queries, so that the server keeps one plan for all values.
                            FROM lease CROSS JOIN
                                 unnest((SELECT CAST(:schemas AS text[])), (SELECT CAST(:names AS text[])), (SELECT CAST(:oids AS oid[])),
                                        (SELECT CAST(:covers AS int8[])), (SELECT CAST(:routed AS text[])),
                                        (SELECT CAST(:at AS text[])), (SELECT CAST(:seen AS text[])),
                                        (SELECT CAST(:seconds AS text[])), (SELECT CAST(:methods AS text[])),
                                        (SELECT CAST(:changed AS int8[])), (SELECT CAST(:details AS text[])))
                                 AS n (schema, name, oid, covers, routed, at, seen, seconds, method, changed, detail)
                        ), locked AS MATERIALIZED (
                            -- In the order that marks lock them in, so that the two cannot deadlock.
                            SELECT n.* FROM n JOIN refreshd.view_state s
                                ON (s.view_schema, s.view_name) = (n.schema, n.name) AND s.view_oid = n.oid
                            ORDER BY s.view_schema, s.view_name
                            FOR UPDATE OF s
                        ), written AS (
                            UPDATE refreshd.view_state
                            SET covered = greatest(covered, n.covers),
                                dirty_since = CASE WHEN marked > greatest(covered, n.covers) THEN dirty_since END,
                                %s,
                                snapshot = CASE WHEN snapshot IS NOT NULL OR marked <= greatest(covered, n.covers) THEN n.seen END,
                                refreshed_at = clock_timestamp(),
                                last_duration = n.duration,
                                method = n.method,
                                refreshes = refreshes + 1,
                                storage_xid = coalesce(CAST(CAST(:storage AS text) AS xid), %s),
                                failures = 0,
                                suspended_what = NULL,
                                suspended_remedy = NULL,
                                suspended_sql = '{}'
                            FROM locked n
                            WHERE (view_schema, view_name) = (n.schema, n.name)
                            RETURNING n.schema, n.name
                        ), recorded AS (
                            INSERT INTO refreshd.refresh_history
                                (view_schema, view_name, duration, method, outcome, rows_changed, watermark, detail)
                            SELECT n.schema, n.name, n.duration, n.method, 'refreshed', n.changed, n.routed, n.detail
                            FROM n JOIN written USING (schema, name)
                            RETURNING view_schema, view_name
                        )
                        SELECT NULL, NULL FROM lease UNION ALL SELECT view_schema, view_name FROM recorded
                        """.formatted(
                                Lease.PROOF, Watermarks.newer("n.routed", "n.at"), StorageVersion.present("n.oid")))
                .bind("schemas", texts(views, view -> view.task().view().schema()))
                .bind("names", texts(views, view -> view.task().view().name()))
                .bind("oids", texts(views, view -> String.valueOf(view.task().oid())))
                .bind("covers", texts(views, view -> String.valueOf(view.task().covers())))
                .bind(
                        "routed",
                        texts(
                                views,
                                view -> view.task().routed().map(Lsn::toString).orElse(null)))
                .bind(
                        "at",
                        texts(
                                views,
                                view -> view.commitTime().map(Instant::toString).orElse(null)))
                .bind("seen", texts(views, view -> view.snapshot().toString()))
                .bind("seconds", texts(views, view -> String.valueOf(seconds(view.duration()))))
                .bind("methods", texts(views, view -> word(view.task())))
                .bind(
                        "changed",
                        texts(
                                views,
                                view -> view.rowsChanged().map(String::valueOf).orElse(null)))
                .bind("details", texts(views, Written::detail))
                .bind("storage", storage.orElse(null))
                .bind("token", token)
                .map((row, context) -> {
                    String schema = row.getString(1);
                    return schema == null
                            ? Optional.<ViewId>empty()
                            : Optional.of(new ViewId(schema, row.getString(2)));
                })
                .set();
    }

    private static @Nullable String[] texts(List<Written> views, Function<Written, @Nullable String> column) {
        return views.stream().map(column).toArray(String[]::new);
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
        transaction
                .createUpdate("""
                        INSERT INTO refreshd.refresh_history
                            (view_schema, view_name, duration, method, outcome, watermark, detail)
                        VALUES (:schema, :name, make_interval(secs => :seconds), :method, 'failed', CAST(:watermark AS pg_lsn), :detail)
                        """)
                .bind("schema", task.view().schema())
                .bind("name", task.view().name())
                .bind("seconds", seconds(duration))
                .bind("method", word(task))
                .bind("watermark", task.routed().map(Lsn::toString).orElse(null))
                .bind("detail", failure.what())
                .execute();
        transaction
                .createUpdate("""
                        INSERT INTO refreshd.failure_message (view_oid, message) VALUES (:oid, :message)
                        ON CONFLICT (view_oid) DO UPDATE SET message = excluded.message, failed_at = excluded.failed_at
                        """)
                .bind("oid", task.oid())
                .bind("message", failure.said().text())
                .execute();
    }

    private static String word(RefreshTask task) {
        return task.method().name().toLowerCase(Locale.ROOT);
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }
}
