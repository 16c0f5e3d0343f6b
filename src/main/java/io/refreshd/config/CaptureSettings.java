package io.refreshd.config;

import java.time.Duration;
import java.util.Objects;

/**
 * How the write-ahead log is read.
 *
 * @param heartbeatInterval how often a message is written to the log, so that a quiet database moves the slot too
 * @param catalogPollInterval how often to look for views and tables that were made, changed or dropped
 */
public record CaptureSettings(
        String slot, String publication, Duration heartbeatInterval, Duration catalogPollInterval) {
    public CaptureSettings {
        Objects.requireNonNull(slot);
        Objects.requireNonNull(publication);
        Durations.requirePositive(heartbeatInterval);
        Durations.requirePositive(catalogPollInterval);
    }
}
