package io.refreshd.config;

import java.time.Duration;
import java.util.Optional;

/**
 * The settings of the background audit.
 *
 * @param interval time between two comparisons of a view with its definition, one view after the other; empty: no audit
 */
public record AuditSettings(Optional<Duration> interval) {
    public AuditSettings {
        interval.ifPresent(Durations::requirePositive);
    }
}
