package io.refreshd.config;

import java.time.Duration;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * How the write-ahead log is read.
 *
 * @param heartbeatInterval how often a message is written to the log, so that a quiet database moves the slot too
 * @param catalogPollInterval how often to look for views and tables that were made, changed or dropped
 * @param maxRetained bytes of log that the server may keep for the slot before it is given up; empty: as much as it wants
 */
public record CaptureSettings(
        String slot,
        String publication,
        Duration heartbeatInterval,
        Duration catalogPollInterval,
        OptionalLong maxRetained) {
    public CaptureSettings {
        Objects.requireNonNull(slot);
        Objects.requireNonNull(publication);
        Durations.requirePositive(heartbeatInterval);
        Durations.requirePositive(catalogPollInterval);
    }
}
