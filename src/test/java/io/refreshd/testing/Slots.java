package io.refreshd.testing;

import java.sql.SQLException;

/**
 * Drops replication slots, on a server that trusts every local user unless a password is given.
 *
 * <p>The walsender of a daemon that has just ended holds the slot until it notices, so it is terminated first.
 */
public final class Slots {
    private Slots() {}

    /** Drops the slot if it exists. */
    public static void drop(String url, String slot) throws SQLException {
        drop(url, "", slot);
    }

    /** Likewise on a server that wants a password. */
    public static void drop(String url, String password, String slot) throws SQLException {
        dropWhere(url, password, "slot_name = '" + slot + "'");
    }

    /** Drops all slots of the server. */
    public static void dropAll(String url) throws SQLException {
        dropWhere(url, "", "true");
    }

    private static void dropWhere(String url, String password, String condition) throws SQLException {
        StrictServer.run(
                url,
                password,
                "SELECT pg_terminate_backend(active_pid, " + TestTimeout.LIMIT.toMillis()
                        + ") FROM pg_replication_slots WHERE active AND " + condition,
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE " + condition);
    }
}
