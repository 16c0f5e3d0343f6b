package io.refreshd.capture;

import io.refreshd.model.Lsn;
import io.refreshd.model.Snapshot;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * What a source finds before it streams from a slot.
 *
 * @param now a snapshot from before the first record
 * @param confirmed by the slot
 */
record SlotStart(Snapshot now, Lsn confirmed, int serverVersion) {

    /** @throws SlotUnusable if nothing can be streamed from the slot */
    static SlotStart of(Connection connection, CaptureSettings settings) throws SQLException {
        SlotState slot = Slot.inspect(connection, settings.slot())
                .orElseThrow(() -> new SlotUnusable("replication slot " + settings.slot() + " is missing"));
        slot.obstacle(settings.server().database()).ifPresent(obstacle -> {
            throw new SlotUnusable(obstacle.what());
        });
        if (slot.isBeingMade()) {
            // Debezium would wait until the slot is made and begin there, whatever was committed before.
            throw new SlotUnusable("replication slot " + settings.slot() + " is being made by somebody else");
        }
        return new SlotStart(
                snapshot(connection),
                slot.confirmed().orElse(Lsn.ZERO),
                connection.getMetaData().getDatabaseMajorVersion());
    }

    static Snapshot snapshot(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT pg_catalog.pg_current_snapshot()::text")) {
            row.next();
            return Snapshot.parse(row.getString(1));
        }
    }
}
