package io.refreshd.client;

import java.sql.SQLException;
import java.time.Duration;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;

/** Refreshing and waiting: what is asked of the daemon through the database, and done without it where there is none. */
final class OnDemand {
    private static final String QUERY_CANCELED = "57014";

    /** Whether this role may ask the daemon, if there is one. */
    private static final String MAY_ASK = """
            SELECT coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass('refreshd.request'), 'INSERT'), false)
            """;

    private static final String IS_LOOKED_AFTER = """
            SELECT EXISTS (SELECT FROM refreshd.freshness f WHERE f.view_oid = (:view)::oid)
            """;

    /** The heartbeat goes every second or as configured; a daemon that is silent for longer is gone or cut off. */
    private static final String IS_ALIVE = """
            SELECT NOT pg_catalog.has_table_privilege('refreshd.stream', 'SELECT')
                OR EXISTS (SELECT FROM refreshd.stream
                            WHERE beat_at > pg_catalog.clock_timestamp() - 5 * beat_interval - interval '5 seconds')
            """;

    private OnDemand() {}

    static Refreshed refresh(Handle handle, Shape view, boolean concurrently) {
        if (yes(handle, MAY_ASK) && isLookedAfter(handle, view)) {
            handle.useTransaction(transaction -> {
                // Even if another wish is pending: it may be heard by now, and its refresh have begun before what this
                // one is about. The daemon, which knows, takes all that come before a refresh begins for one.
                transaction.createUpdate("""
                                INSERT INTO refreshd.request (kind, view_oid)
                                SELECT 'refresh', (:view)::oid
                                """).bind("view", view.oid()).execute();
                transaction.execute("SELECT pg_catalog.pg_logical_emit_message(true, 'refreshd:request', '')");
            });
            return Refreshed.REQUESTED;
        }
        handle.execute("REFRESH MATERIALIZED VIEW " + (concurrently ? "CONCURRENTLY " : "") + view.sql());
        return Refreshed.DONE;
    }

    private static boolean isLookedAfter(Handle handle, Shape view) {
        return yes(handle, IS_ALIVE)
                && handle.createQuery(IS_LOOKED_AFTER)
                        .bind("view", view.oid())
                        .mapTo(Boolean.class)
                        .one();
    }

    static boolean awaitFresh(Handle handle, Shape view, String token, Duration timeout) {
        if (!yes(handle, "SELECT pg_catalog.to_regproc('refreshd.wait_until_fresh') IS NOT NULL")) {
            throw new IllegalStateException("no refreshd looks after this database; refresh the view yourself");
        }
        try {
            handle.createQuery("SELECT refreshd.wait_until_fresh((:view)::oid::regclass, (:token)::pg_lsn, "
                            + "pg_catalog.make_interval(secs => :seconds))::text")
                    .bind("view", view.oid())
                    .bind("token", token)
                    .bind("seconds", timeout.toMillis() / 1000.0)
                    .mapTo(String.class)
                    .one();
            return true;
        } catch (JdbiException e) {
            if (e.getCause() instanceof SQLException cause && QUERY_CANCELED.equals(cause.getSQLState())) {
                return false;
            }
            throw e;
        }
    }

    private static boolean yes(Handle handle, String question) {
        return handle.createQuery(question).mapTo(Boolean.class).one();
    }
}
