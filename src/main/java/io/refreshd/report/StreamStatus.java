package io.refreshd.report;

import io.refreshd.model.Lsn;
import java.time.Instant;
import java.util.Optional;

/**
 * Status of the capture at one moment.
 *
 * @param lastMessage time at which the last record was read, heartbeats included; it shows that the stream is alive
 * @param routed low watermark: every transaction that committed at or before this position has been routed and was visible
 * @param detail for people: what the capture waits for, or its last error; empty when it streams
 */
public record StreamStatus(StreamPhase phase, Optional<Instant> lastMessage, Optional<Lsn> routed, String detail) {
    public static final StreamStatus CONNECTING =
            new StreamStatus(StreamPhase.CONNECTING, Optional.empty(), Optional.empty(), "");
}
