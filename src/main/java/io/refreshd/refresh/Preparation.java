package io.refreshd.refresh;

import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Snapshot;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * The first round trip of a refresh: limits set for this transaction only (a pooled connection keeps nothing), what is
 * visible, and which view the oid means now.
 */
record Preparation(Snapshot snapshot, Optional<ViewId> view) {

    /**
     * {@code idle_in_transaction_session_timeout}: a daemon that is gone without a word must not leave its lock on the view to
     * a session that nobody speaks to; between two statements of a living one lie milliseconds. {@code jit = off}: compiling the sort of whole rows costs more than it gains. {@code work_mem} is left alone: more of it
     * makes CONCURRENTLY slower. {@code synchronous_commit = local}: content that can be made again at any time need not wait
     * for a standby, and must not hold a worker while the standby is away.
     */
    static Preparation in(Handle transaction, long oid, RefreshLimits limits) {
        return transaction
                .createQuery("""
                        SELECT set_config('lock_timeout', :lock, true), set_config('statement_timeout', :statement, true),
                               set_config('idle_in_transaction_session_timeout', '30s', true),
                               set_config('jit', 'off', true), set_config('synchronous_commit', 'local', true),
                               pg_current_snapshot()::text AS snapshot, v.schema, v.name
                        FROM (VALUES (1)) AS always
                        LEFT JOIN (SELECT n.nspname::text, c.relname::text
                                   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                                   WHERE c.oid = :oid AND c.relkind = 'm') AS v (schema, name) ON true
                        """)
                .bind("lock", limits.lock().toMillis() + "ms")
                .bind("statement", limits.statement().toMillis() + "ms")
                .bind("oid", oid)
                .map((row, context) -> {
                    String schema = row.getString("schema");
                    return new Preparation(
                            Snapshot.parse(row.getString("snapshot")),
                            schema == null ? Optional.empty() : Optional.of(new ViewId(schema, row.getString("name"))));
                })
                .one();
    }

    /** Why the task is not to be carried out now, or not at all. */
    Optional<RefreshOutcome> obstacleTo(RefreshTask task) {
        Optional<Xid> notVisible = task.awaited().unseenBy(snapshot).stream().findFirst();
        if (notVisible.isPresent()) {
            return Optional.of(new RefreshOutcome.NotVisibleYet(notVisible.get()));
        }
        // Created anew or renamed since the task was made: whoever meant this view meant another one.
        return view.filter(task.view()::equals).isEmpty() ? Optional.of(new RefreshOutcome.Gone()) : Optional.empty();
    }

    static boolean nameMeans(Handle transaction, ViewId view, long oid) {
        return transaction
                .createQuery("SELECT coalesce(to_regclass(:name)::oid = :oid, false)")
                .bind("name", SqlNames.qualified(view))
                .bind("oid", oid)
                .mapTo(Boolean.class)
                .one();
    }
}
