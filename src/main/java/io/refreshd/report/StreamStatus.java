package io.refreshd.report;

import io.refreshd.model.Lsn;
import java.time.Instant;
import java.util.Optional;

/**
 * The capture at one moment.
 *
 * @param lastMessage when the last record, heartbeats included, was read: the proof that the stream is alive
 * @param routed every transaction that committed at or before it has been routed and seen to be visible
 * @param detail what it waits for or what went wrong, for people; empty when all is well
 */
public record StreamStatus(StreamPhase phase, Optional<Instant> lastMessage, Optional<Lsn> routed, String detail) {
    public static final StreamStatus CONNECTING =
            new StreamStatus(StreamPhase.CONNECTING, Optional.empty(), Optional.empty(), "");
}
