package io.refreshd.model;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * The configuration of when a view is refreshed.
 *
 * @param quietPeriod a refresh waits until no commit has affected the view for this long
 * @param targetLag the view is refreshed before it is staler than this, quiet or not
 * @param maxStaleness the view is refreshed at least this often, for the sake of untracked sources; empty: never without a change
 */
public record Timing(Duration quietPeriod, Duration targetLag, Optional<Duration> maxStaleness) {
    public Timing {
        requirePositive(targetLag, "target lag");
        Objects.requireNonNull(quietPeriod);
        if (quietPeriod.isNegative()) {
            throw new IllegalArgumentException("quiet period is negative: " + quietPeriod);
        }
        maxStaleness.ifPresent(d -> requirePositive(d, "max staleness"));
    }

    private static void requirePositive(Duration duration, String what) {
        if (duration.isNegative() || duration.isZero()) {
            throw new IllegalArgumentException(what + " is not positive: " + duration);
        }
    }
}
