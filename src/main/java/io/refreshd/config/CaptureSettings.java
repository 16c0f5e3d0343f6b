package io.refreshd.config;

import java.time.Duration;
import java.util.OptionalLong;

/**
 * The settings for reading the write-ahead log (WAL).
 *
 * @param source where committed changes are read from
 * @param slot the replication slot; with {@link Source#KAFKA} that of Debezium's connector, which refreshd never creates or drops
 * @param publication what the slot streams; with {@link Source#KAFKA} refreshd never changes it
 * @param heartbeatInterval time between two messages that refreshd writes to the WAL; they move the slot of an idle database
 * @param catalogPollInterval time between two reads of the catalog, which find views and tables that were created, altered or
 *     dropped
 * @param maxRetained bytes of WAL that the server may retain for the slot before refreshd drops the slot; empty: no limit
 */
public record CaptureSettings(
        Source source,
        String slot,
        String publication,
        Duration heartbeatInterval,
        Duration catalogPollInterval,
        OptionalLong maxRetained) {
    /** Where committed changes are read from. */
    public enum Source {
        /** A replication slot of refreshd's own. */
        PGOUTPUT,
        /** Such a slot too, decoded by Debezium's own connector. */
        DEBEZIUM,
        /** Topics that Debezium's connector writes. */
        KAFKA
    }

    public CaptureSettings {
        Durations.requirePositive(heartbeatInterval);
        Durations.requirePositive(catalogPollInterval);
    }
}
