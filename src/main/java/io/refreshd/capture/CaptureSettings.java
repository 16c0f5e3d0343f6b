package io.refreshd.capture;

import java.time.Duration;
import java.util.Objects;

/**
 * What a {@link ChangeSource} needs to know.
 *
 * @param slot name of the replication slot, which must exist before a source starts
 * @param publication name of the publication, which must exist before a source starts, and may hold no tables
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
