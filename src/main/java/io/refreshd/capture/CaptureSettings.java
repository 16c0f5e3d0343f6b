package io.refreshd.capture;

import java.time.Duration;
import java.util.Objects;

/**
 * What one capture needs to know.
 *
 * @param slot name of the replication slot; it must exist before a run starts
 * @param publication name of the publication; it must exist before a run starts, and may be empty
 * @param heartbeatInterval how often a message is written to the log, so that the slot moves while nothing else happens
 */
public record CaptureSettings(Server server, String slot, String publication, Duration heartbeatInterval) {
    public CaptureSettings {
        Objects.requireNonNull(server);
        Slot.requireName(slot);
        Objects.requireNonNull(publication);
        if (heartbeatInterval.isNegative() || heartbeatInterval.isZero()) {
            throw new IllegalArgumentException("heartbeat interval is not positive: " + heartbeatInterval);
        }
    }
}
