package io.refreshd.model;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * When a view is to be refreshed.
 *
 * @param quietPeriod wait until no relevant commit has come for this long
 * @param targetLag but never let the view be staler than this
 * @param maxStaleness refresh at least this often, for sources the log tells nothing about; empty: never without a change
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
