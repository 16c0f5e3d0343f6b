package io.refreshd.faults;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

/**
 * Counts the backends that the server keeps for the daemon. A statement that is given up by its client and not ended by its server leaves
 * one behind each time.
 *
 * <p>Invariant of the whole campaign: there are no more backends than the running daemons may have connections, but for a while. Connections
 * that the proxy has forgotten are counted apart: neither end can learn of them.
 */
final class BackendLimit {
    /** A daemon with two refreshes at a time: the pool, lease, membership, supervisor, heartbeat and walsender. */
    static final int PER_DAEMON = 17;

    /** The server ends an idle transaction and an unanswered connection after 60 s; refreshd's own limits are shorter. */
    static final Duration PATIENCE = Duration.ofMinutes(2);

    private boolean above;
    private long since;

    /**
     * @param allowed the connections that the daemons may have, and those that were forgotten
     * @param now nanoseconds
     * @return whether there have been too many backends for too long
     */
    boolean isBroken(int backends, int allowed, long now) {
        if (backends <= allowed) {
            above = false;
            return false;
        }
        if (!above) {
            above = true;
            since = now;
        }
        return now - since > PATIENCE.toNanos();
    }

    static int count(Connection connection) throws SQLException {
        return Integer.parseInt(ask(connection, "count(*)"));
    }

    static String describe(Connection connection) throws SQLException {
        return ask(
                connection,
                "string_agg(concat_ws(' ', pid, application_name, backend_start, state, wait_event, left(query, 80)), chr(10))");
    }

    private static String ask(Connection connection, String what) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT " + what + " FROM pg_stat_activity WHERE application_name LIKE 'refreshd%'")) {
            row.next();
            return row.getString(1);
        }
    }
}
