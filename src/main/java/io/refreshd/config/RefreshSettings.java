package io.refreshd.config;

import java.time.Duration;

/**
 * How refreshes are carried out.
 *
 * @param maxConcurrent refreshes that may run at once, each on a connection of its own
 * @param lockTimeout wait no longer than this for a lock on a view
 * @param statementTimeout a refresh that takes longer is cancelled
 */
public record RefreshSettings(int maxConcurrent, Duration lockTimeout, Duration statementTimeout) {
    public RefreshSettings {
        if (maxConcurrent < 1) {
            throw new IllegalArgumentException("max concurrent is less than 1: " + maxConcurrent);
        }
        Durations.requirePositive(lockTimeout);
        Durations.requirePositive(statementTimeout);
    }
}
