package io.refreshd.stream;

import io.refreshd.ledger.Timeline;
import org.jdbi.v3.core.Handle;

/**
 * The identity of the server: which database system, on which timeline. Positions and transaction ids mean something only within one
 * identity; a failover or a restore brings another one.
 */
record ServerIdentity(long systemIdentifier, int timeline, boolean inRecovery) {

    static ServerIdentity read(Handle handle) {
        return handle.createQuery("""
                        SELECT (SELECT system_identifier FROM pg_catalog.pg_control_system()) AS system_identifier,
                               pg_catalog.pg_is_in_recovery() AS in_recovery,
                               %s AS timeline
                        """.formatted(Timeline.CURRENT))
                .map((row, context) -> new ServerIdentity(
                        row.getLong("system_identifier"), row.getInt("timeline"), row.getBoolean("in_recovery")))
                .one();
    }
}
