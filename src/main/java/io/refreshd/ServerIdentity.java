package io.refreshd;

import io.refreshd.ledger.Timeline;
import org.jdbi.v3.core.Handle;

/** Which server this is, and on which timeline: together they change when data may have gone another way. */
record ServerIdentity(long systemIdentifier, int timeline, boolean inRecovery) {

    static ServerIdentity read(Handle handle) {
        return handle.createQuery("""
                        SELECT (SELECT system_identifier FROM pg_control_system()) AS system_identifier,
                               pg_is_in_recovery() AS in_recovery,
                               %s AS timeline
                        """.formatted(Timeline.CURRENT))
                .map((row, context) -> new ServerIdentity(
                        row.getLong("system_identifier"), row.getInt("timeline"), row.getBoolean("in_recovery")))
                .one();
    }
}
