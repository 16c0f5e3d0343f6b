package io.refreshd.refresh;

import io.refreshd.model.Lsn;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Snapshot;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * The first round trip of a refresh: it sets limits for the transaction, takes the snapshot, and reads which view has the oid
 * now.
 *
 * @param snapshot which transactions are visible
 * @param position in the log, read after the snapshot was taken: every transaction that the snapshot sees committed before it
 * @param view the present name of the view; empty if no materialized or incremental view has the oid
 */
record Preparation(Snapshot snapshot, Lsn position, Optional<ViewId> view) {

    /**
     * Prepares the transaction. All settings end with it, so a pooled connection keeps none of them.
     *
     * <ul>
     *   <li>{@code idle_in_transaction_session_timeout}: if the daemon's machine fails, its session must not keep the lock on
     *       the view. A live daemon pauses for milliseconds between two statements.
     *   <li>{@code jit = off}: to compile the sort of whole rows costs more than it gains.
     *   <li>{@code synchronous_commit = local}: the content can be made again at any time. So the commit need not wait for a
     *       standby, and a standby that is down must not hold up a worker.
     *   <li>{@code work_mem} is not set: more of it makes REFRESH CONCURRENTLY slower.
     * </ul>
     */
    static Preparation in(Handle transaction, long oid, RefreshLimits limits) {
        return Objects.requireNonNull(in(transaction, List.of(oid), limits).get(oid));
    }

    /** Prepares the transaction of several views. @return by oid; each has the same snapshot */
    static Map<Long, Preparation> in(Handle transaction, Collection<Long> oids, RefreshLimits limits) {
        return transaction
                .createQuery("""
                        SELECT settings.snapshot, settings.position, asked.oid, v.schema, v.name
                        FROM (SELECT set_config('lock_timeout', :lock, true), set_config('statement_timeout', :statement, true),
                                     set_config('idle_in_transaction_session_timeout', '30s', true),
                                     set_config('jit', 'off', true), set_config('synchronous_commit', 'local', true),
                                     pg_current_snapshot()::text AS snapshot,
                                     -- A server in recovery has no such position; there the first statement that writes fails.
                                     CASE WHEN pg_is_in_recovery() THEN '0/0' ELSE pg_current_wal_insert_lsn()::text END AS position
                              OFFSET 0) AS settings
                        CROSS JOIN (SELECT CAST(o AS oid) FROM unnest((SELECT CAST(:oids AS text[]))) AS o) AS asked (oid)
                        LEFT JOIN LATERAL (
                            SELECT n.nspname::text, c.relname::text
                            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                            WHERE c.oid = asked.oid
                              AND (c.relkind = 'm' OR c.relkind = 'v' AND EXISTS (
                                   SELECT FROM refreshd.incremental_view i WHERE i.view_oid = c.oid))) AS v (schema, name) ON true
                        """)
                .bind("lock", limits.lock().toMillis() + "ms")
                .bind("statement", limits.statement().toMillis() + "ms")
                .bind("oids", oids.stream().map(String::valueOf).toArray(String[]::new))
                .map((row, context) -> {
                    String schema = row.getString("schema");
                    return Map.entry(
                            row.getLong("oid"),
                            new Preparation(
                                    Snapshot.parse(row.getString("snapshot")),
                                    Lsn.parse(row.getString("position")),
                                    schema == null
                                            ? Optional.empty()
                                            : Optional.of(new ViewId(schema, row.getString("name")))));
                })
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    /** Returns the outcome if the task must not be carried out now, or not at all. */
    Optional<RefreshOutcome> obstacleTo(RefreshTask task) {
        Optional<Xid> notVisible = task.awaited().unseenBy(snapshot).stream().findFirst();
        if (notVisible.isPresent()) {
            return Optional.of(new RefreshOutcome.NotVisibleYet(notVisible.get()));
        }
        // The view was dropped, renamed or replaced since the task was made.
        return view.filter(task.view()::equals).isEmpty() ? Optional.of(new RefreshOutcome.Gone()) : Optional.empty();
    }

    /** Returns whether the name denotes the view with this oid. */
    static boolean nameMeans(Handle transaction, ViewId view, long oid) {
        return transaction
                .createQuery("SELECT coalesce(to_regclass(:name)::oid = :oid, false)")
                .bind("name", SqlNames.qualified(view))
                .bind("oid", oid)
                .mapTo(Boolean.class)
                .one();
    }
}
