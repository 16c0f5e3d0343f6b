package io.refreshd.client;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;

/**
 * Refresh requests and waits. They reach the daemon through the SQL functions of schema {@code refreshd}; without a daemon the
 * view is refreshed here.
 */
final class OnDemand {
    private static final String QUERY_CANCELED = "57014";
    private static final String INSUFFICIENT_PRIVILEGE = "42501";
    private static final String WRONG_OBJECT_TYPE = "42809";

    private OnDemand() {}

    static RefreshResult refresh(Handle handle, Shape view, boolean concurrently) {
        if (request(handle, view).isPresent()) {
            return RefreshResult.REQUESTED;
        }
        return refreshHere(handle, view, concurrently);
    }

    static RefreshResult refresh(Handle handle, Shape view, boolean concurrently, Duration timeout) {
        Optional<String> request = request(handle, view);
        if (request.isEmpty()) {
            return refreshHere(handle, view, concurrently);
        }
        boolean done = inTime(() -> handle.createQuery("SELECT refreshd.wait_until_refreshed((:view)::oid::regclass,"
                        + " (:request)::xid8, pg_catalog.make_interval(secs => :seconds))::text")
                .bind("view", view.oid())
                .bind("request", request.get())
                .bind("seconds", seconds(timeout))
                .mapTo(String.class)
                .one());
        return done ? RefreshResult.DONE : RefreshResult.REQUESTED;
    }

    static boolean awaitFresh(Handle handle, Shape view, String token, Duration timeout) {
        if (!exists(handle, "refreshd.wait_until_fresh")) {
            throw new IllegalStateException("no refreshd has ever worked on this database; refresh the view yourself");
        }
        return inTime(() -> handle.createQuery("SELECT refreshd.wait_until_fresh((:view)::oid::regclass,"
                        + " (:token)::pg_lsn, pg_catalog.make_interval(secs => :seconds))::text")
                .bind("view", view.oid())
                .bind("token", token)
                .bind("seconds", seconds(timeout))
                .mapTo(String.class)
                .one());
    }

    /**
     * Requests a refresh from the daemon, even if another request is pending. The refresh for that one may have begun already,
     * before the change that this request is about. The daemon answers all requests that arrive before a refresh begins with one
     * refresh.
     *
     * @return id of the request, by which its end can be awaited; empty if no daemon handles the view
     */
    private static Optional<String> request(Handle handle, Shape view) {
        if (!exists(handle, "refreshd.request_refresh")) {
            return Optional.empty();
        }
        return handle.createQuery("SELECT refreshd.request_refresh((:view)::oid::regclass)::text")
                .bind("view", view.oid())
                .mapTo(String.class)
                .findOne();
    }

    private static RefreshResult refreshHere(Handle handle, Shape view, boolean concurrently) {
        try {
            handle.execute("REFRESH MATERIALIZED VIEW " + (concurrently ? "CONCURRENTLY " : "") + view.sql());
            return RefreshResult.DONE;
        } catch (JdbiException e) {
            if (INSUFFICIENT_PRIVILEGE.equals(state(e))) {
                throw new IllegalStateException(
                        "no running refreshd handles " + view.sql()
                                + ", and this role may not refresh it; start refreshd, or connect as the owner of the view,"
                                + " or from PostgreSQL 17 on GRANT MAINTAIN ON " + view.sql() + " to the role",
                        e);
            }
            if (WRONG_OBJECT_TYPE.equals(state(e))) {
                throw new IllegalStateException(
                        "no running refreshd handles " + view.sql()
                                + ", which is no materialized view, so that nobody else can refresh it; start refreshd",
                        e);
            }
            throw e;
        }
    }

    private static boolean inTime(Runnable waiting) {
        try {
            waiting.run();
            return true;
        } catch (JdbiException e) {
            if (QUERY_CANCELED.equals(state(e))) {
                return false;
            }
            throw e;
        }
    }

    private static boolean exists(Handle handle, String function) {
        return handle.createQuery("SELECT pg_catalog.to_regproc(:function) IS NOT NULL")
                .bind("function", function)
                .mapTo(Boolean.class)
                .one();
    }

    static String state(JdbiException e) {
        return e.getCause() instanceof SQLException cause && cause.getSQLState() != null ? cause.getSQLState() : "";
    }

    private static double seconds(Duration timeout) {
        return timeout.toMillis() / 1000.0;
    }
}
