package io.refreshd.client;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;

/** Refreshing and waiting: what is asked of the daemon through the database, and done without it where there is none. */
final class OnDemand {
    private static final String QUERY_CANCELED = "57014";
    private static final String INSUFFICIENT_PRIVILEGE = "42501";

    private OnDemand() {}

    static Refreshed refresh(Handle handle, Shape view, boolean concurrently) {
        if (request(handle, view).isPresent()) {
            return Refreshed.REQUESTED;
        }
        return refreshHere(handle, view, concurrently);
    }

    static Refreshed refresh(Handle handle, Shape view, boolean concurrently, Duration timeout) {
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
        return done ? Refreshed.DONE : Refreshed.REQUESTED;
    }

    static boolean awaitFresh(Handle handle, Shape view, String token, Duration timeout) {
        if (!exists(handle, "refreshd.wait_until_fresh")) {
            throw new IllegalStateException("no refreshd looks after this database; refresh the view yourself");
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
     * Also if another wish is pending: that may be heard by now, and its refresh have begun before what this one is about. The
     * daemon, which knows, takes all that come before a refresh begins for one.
     *
     * @return what its end can be waited for by; empty if there is nobody to ask
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

    private static Refreshed refreshHere(Handle handle, Shape view, boolean concurrently) {
        try {
            handle.execute("REFRESH MATERIALIZED VIEW " + (concurrently ? "CONCURRENTLY " : "") + view.sql());
            return Refreshed.DONE;
        } catch (JdbiException e) {
            if (INSUFFICIENT_PRIVILEGE.equals(state(e))) {
                throw new IllegalStateException(
                        "no refreshd that is running looks after " + view.sql()
                                + " by now, and this role may not refresh it itself; start refreshd, or connect as the owner of"
                                + " the view, or from PostgreSQL 17 on GRANT MAINTAIN ON " + view.sql()
                                + " to the role",
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
