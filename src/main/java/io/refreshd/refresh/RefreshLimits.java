package io.refreshd.refresh;

import java.time.Duration;
import java.util.Optional;

/**
 * Time limits of a refresh.
 *
 * @param lock how long to wait for a lock. While a refresh waits for a lock, other sessions queue behind it
 * @param statement how long the REFRESH may run; zero means no limit
 * @param patience how long a refresh may hold up the lock of another session before it gives way; empty means no limit
 */
public record RefreshLimits(Duration lock, Duration statement, Optional<Duration> patience) {
    /** The same, for a refresh that may take no longer than that. */
    RefreshLimits within(Optional<Duration> timeLimit) {
        return timeLimit
                .filter(time -> statement.isZero() || time.compareTo(statement) < 0)
                .map(time -> new RefreshLimits(lock, time, patience))
                .orElse(this);
    }

    /** Limits of refreshes that never give way. */
    public RefreshLimits(Duration lock, Duration statement) {
        this(lock, statement, Optional.empty());
    }
}
