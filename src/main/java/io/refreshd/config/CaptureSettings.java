package io.refreshd.config;

import java.time.Duration;
import java.util.OptionalLong;

/**
 * The settings for reading the write-ahead log (WAL).
 *
 * @param heartbeatInterval time between two messages that refreshd writes to the WAL; they move the slot of an idle database
 * @param catalogPollInterval time between two reads of the catalog, which find views and tables that were created, altered or
 *     dropped
 * @param maxRetained bytes of WAL that the server may retain for the slot before refreshd drops the slot; empty: no limit
 */
public record CaptureSettings(
        String slot,
        String publication,
        Duration heartbeatInterval,
        Duration catalogPollInterval,
        OptionalLong maxRetained) {
    public CaptureSettings {
        Durations.requirePositive(heartbeatInterval);
        Durations.requirePositive(catalogPollInterval);
    }
}
