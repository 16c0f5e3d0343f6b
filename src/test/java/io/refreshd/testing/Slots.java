package io.refreshd.testing;

import java.sql.SQLException;

/** Replication slots of a server that trusts everybody. */
public final class Slots {
    private Slots() {}

    /** If it is there; also one of a daemon that has just ended: the walsender lives on until it notices. */
    public static void drop(String url, String slot) throws SQLException {
        StrictServer.run(
                url,
                "",
                "SELECT pg_terminate_backend(active_pid, 10000) FROM pg_replication_slots"
                        + " WHERE active AND slot_name = '" + slot + "'",
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '" + slot
                        + "'");
    }
}
