package io.refreshd.ledger;

import io.refreshd.model.RefreshTask;
import io.refreshd.model.ViewId;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;

/** Marks of views that read a view which was refreshed, in the transaction that writes that refresh to the ledger. */
final class DownstreamMarks {
    private DownstreamMarks() {}

    /**
     * Marks the views that read this one. Such a view still holds what this one held before the refresh, so its watermark stays
     * what {@code refreshd.freshness} claims of it now: the lowest of all views that it reads. Therefore this statement comes
     * before the one that raises the watermark of this view.
     */
    static void write(Handle transaction, RefreshTask task) {
        List<ViewId> views = List.copyOf(task.downstream());
        Map<ViewId, StackClaims.Claim> claims = StackClaims.of(transaction, views);
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
                                      SELECT n.position, n.at WHERE d.marked <= d.covered AND NOT d.untracked) c
                                ORDER BY c.watermark DESC NULLS LAST LIMIT 1)
                        FROM unnest(:schemas, :names, CAST(:positions AS pg_lsn[]), CAST(:times AS timestamptz[]))
                             AS n (schema, name, position, at)
                        CROSS JOIN (SELECT coalesce(CAST(:since AS timestamptz), clock_timestamp()) AS since) v
                        WHERE (d.view_schema, d.view_name) = (n.schema, n.name)
                          AND (d.view_schema, d.view_name) <> (:schema, :name)
                        """)
                .bind("number", task.downstreamMark())
                .bind("since", task.oldestCommit().map(Instant::toString).orElse(null))
                .bind("schema", task.view().schema())
                .bind("name", task.view().name())
                .bind("schemas", views.stream().map(ViewId::schema).toArray(String[]::new))
                .bind("names", views.stream().map(ViewId::name).toArray(String[]::new))
                .bind("positions", StackClaims.positions(claims, views))
                .bind("times", StackClaims.times(claims, views))
                .execute();
    }

    /** Locks the rows in the order that {@link DirtyMarks#write} uses too, so that the two cannot deadlock. */
    static void lockInOrder(Handle transaction, List<RefreshTask> tasks) {
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

    private static String[] names(List<RefreshTask> tasks, Function<ViewId, String> part) {
        return tasks.stream()
                .flatMap(task -> Stream.concat(Stream.of(task.view()), task.downstream().stream()))
                .map(part)
                .toArray(String[]::new);
    }
}
