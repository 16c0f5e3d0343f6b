package io.refreshd.testing;

import java.sql.SQLException;

/** Replication slots of a server that trusts everybody; also of a daemon that has just ended: its walsender lives on until it notices. */
public final class Slots {
    private Slots() {}

    /** If it is there. */
    public static void drop(String url, String slot) throws SQLException {
        dropWhere(url, "slot_name = '" + slot + "'");
    }

    /** All of the server's. */
    public static void dropAll(String url) throws SQLException {
        dropWhere(url, "true");
    }

    private static void dropWhere(String url, String condition) throws SQLException {
        StrictServer.run(
                url,
                "",
                "SELECT pg_terminate_backend(active_pid, " + TestTimeout.LIMIT.toMillis()
                        + ") FROM pg_replication_slots WHERE active AND " + condition,
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE " + condition);
    }
}
