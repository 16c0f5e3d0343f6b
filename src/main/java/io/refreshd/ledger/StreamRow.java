package io.refreshd.ledger;

import io.refreshd.model.Lsn;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** Reads and writes the one row of {@code refreshd.stream}: how far the log has been processed. */
public final class StreamRow {
    private StreamRow() {}

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

    /**
     * Begins a new epoch of the stream at the position. Watermarks of another server or timeline, and those beyond the present
     * end of the log, are cleared: the log will reach those positions again, with other transactions.
     *
     * @return the number of the new epoch
     */
    public static long begin(Handle handle, StreamPosition position) {
        handle.createUpdate("""
                        UPDATE refreshd.view_state SET watermark = NULL, commit_time = NULL
                        WHERE watermark > pg_current_wal_insert_lsn() OR EXISTS (
                            SELECT FROM refreshd.stream
                            WHERE (system_identifier, timeline) IS DISTINCT FROM (:system, :timeline))
                        """)
                .bind("system", position.systemIdentifier())
                .bind("timeline", position.timeline())
                .execute();
        return handle.createQuery("""
                        INSERT INTO refreshd.stream (slot, system_identifier, timeline, acknowledged, read_to)
                        VALUES (:slot, :system, :timeline, CAST(:acknowledged AS pg_lsn), CAST(:acknowledged AS pg_lsn))
                        ON CONFLICT (only_row) DO UPDATE
                        SET slot = excluded.slot, system_identifier = excluded.system_identifier,
                            timeline = excluded.timeline, acknowledged = excluded.acknowledged,
                            read_to = excluded.read_to, attempts = 0,
                            commit_time = NULL, epoch = stream.epoch + 1, beat_at = clock_timestamp()
                        RETURNING epoch
                        """)
                .bind("slot", position.slot())
                .bind("system", position.systemIdentifier())
                .bind("timeline", position.timeline())
                .bind("acknowledged", position.acknowledged().toString())
                .mapTo(Long.class)
                .one();
    }

    /** Returns the number of the present epoch, for a stream that continues without a gap. */
    public static long epoch(Handle handle) {
        return handle.createQuery("SELECT epoch FROM refreshd.stream")
                .mapTo(Long.class)
                .one();
    }

    /**
     * Writes the heartbeat and the position. Does nothing if a newer epoch has begun.
     *
     * @param position every transaction that committed at or before it has been routed and is visible
     * @param read up to here the log has been read and the marks are durable; if nobody read as far before, only the present attempt
     *     counts, see {@link StreamAttempts}
     * @param commitTime commit time that the position stands for
     * @param interval until the next heartbeat
     */
    public static void advance(
            Handle handle, long epoch, Lsn position, Lsn read, Optional<Instant> commitTime, Duration interval) {
        handle.createUpdate("""
                        UPDATE refreshd.stream
                        SET acknowledged = greatest(acknowledged, CAST(:position AS pg_lsn)), beat_at = clock_timestamp(),
                            commit_time = CASE WHEN CAST(:position AS pg_lsn) < acknowledged THEN commit_time
                                               ELSE coalesce(CAST(:at AS timestamptz), commit_time) END,
                            beat_interval = make_interval(secs => :seconds),
                            attempts = CASE WHEN CAST(:read AS pg_lsn) <= read_to THEN attempts ELSE 1 END,
                            read_to = greatest(read_to, CAST(:read AS pg_lsn))
                        WHERE epoch = :epoch
                        """)
                .bind("position", position.toString())
                .bind("read", read.toString())
                .bind("at", commitTime.map(Instant::toString).orElse(null))
                .bind("seconds", interval.toMillis() / 1e3)
                .bind("epoch", epoch)
                .execute();
    }
}
