package io.refreshd;

import org.jdbi.v3.core.Handle;

/** Which server this is, and on which timeline: together they change when data may have gone another way. */
record ServerIdentity(long systemIdentifier, int timeline, boolean inRecovery) {

    /**
     * The timeline is read from the name of the present WAL file: {@code pg_control_checkpoint()} still tells the old one
     * between a promotion and the next checkpoint.
     */
    static ServerIdentity read(Handle handle) {
        return handle.createQuery("""
                        SELECT (SELECT system_identifier FROM pg_control_system()) AS system_identifier,
                               pg_is_in_recovery() AS in_recovery,
                               CASE WHEN pg_is_in_recovery() THEN 0
                                    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer
                               END AS timeline
                        """)
                .map((row, context) -> new ServerIdentity(
                        row.getLong("system_identifier"), row.getInt("timeline"), row.getBoolean("in_recovery")))
                .one();
    }
}
