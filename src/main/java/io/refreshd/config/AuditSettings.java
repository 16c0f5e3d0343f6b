package io.refreshd.config;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * The audit in the background.
 *
 * @param interval how often one view is compared with its definition, each in its turn; empty: never
 */
public record AuditSettings(Optional<Duration> interval) {
    public AuditSettings {
        Objects.requireNonNull(interval);
        interval.ifPresent(Durations::requirePositive);
    }
}
