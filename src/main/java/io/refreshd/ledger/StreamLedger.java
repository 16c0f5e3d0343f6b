package io.refreshd.ledger;

import io.refreshd.model.Lsn;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** The one row about the stream. */
public final class StreamLedger {
    private StreamLedger() {}

    public static Optional<StreamPosition> read(Handle handle) {
        return handle.createQuery("""
                        SELECT slot, system_identifier, timeline, acknowledged::text AS acknowledged
                        FROM refreshd.stream
                        """)
                .map((row, context) -> new StreamPosition(
                        row.getString("slot"),
                        row.getLong("system_identifier"),
                        row.getInt("timeline"),
                        Lsn.parse(row.getString("acknowledged"))))
                .findOne();
    }

    /** Begins a new stretch of the stream; what was there before no longer counts. */
    public static void begin(Handle handle, StreamPosition position) {
        handle.createUpdate("""
                        INSERT INTO refreshd.stream (slot, system_identifier, timeline, acknowledged)
                        VALUES (:slot, :system, :timeline, CAST(:acknowledged AS pg_lsn))
                        ON CONFLICT (only_row) DO UPDATE
                        SET slot = excluded.slot, system_identifier = excluded.system_identifier,
                            timeline = excluded.timeline, acknowledged = excluded.acknowledged,
                            beat_at = clock_timestamp()
                        """)
                .bind("slot", position.slot())
                .bind("system", position.systemIdentifier())
                .bind("timeline", position.timeline())
                .bind("acknowledged", position.acknowledged().toString())
                .execute();
    }
}
