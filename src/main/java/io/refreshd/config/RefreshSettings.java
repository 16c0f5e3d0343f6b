package io.refreshd.config;

import java.time.Duration;
import java.util.Optional;

/**
 * The limits of refreshes.
 *
 * @param maxConcurrent refreshes that may run at the same time, each on a connection of its own
 * @param lockTimeout longest wait for a lock on a view
 * @param lockPatience how long a refresh may hold up the lock of another session before it gives way; empty: it never does
 * @param statementTimeout duration after which a refresh is cancelled
 */
public record RefreshSettings(
        int maxConcurrent, Duration lockTimeout, Optional<Duration> lockPatience, Duration statementTimeout) {
    public RefreshSettings {
        if (maxConcurrent < 1) {
            throw new IllegalArgumentException("max concurrent is less than 1: " + maxConcurrent);
        }
        Durations.requirePositive(lockTimeout);
        lockPatience.ifPresent(Durations::requirePositive);
        Durations.requirePositive(statementTimeout);
    }
}
