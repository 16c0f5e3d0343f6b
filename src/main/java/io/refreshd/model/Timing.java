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
 * @param window refreshes start only then; empty: at any time
 * @param schedule the view is refreshed at these times too, changed or not; empty: by changes alone
 */
public record Timing(
        Duration quietPeriod,
        Duration targetLag,
        Optional<Duration> maxStaleness,
        Optional<RefreshWindow> window,
        Optional<RefreshSchedule> schedule) {
    /** The timing of a view that follows no calendar. */
    public Timing(Duration quietPeriod, Duration targetLag, Optional<Duration> maxStaleness) {
        this(quietPeriod, targetLag, maxStaleness, Optional.empty(), Optional.empty());
    }

    public Timing {
        requirePositive(targetLag, "target lag");
        Objects.requireNonNull(quietPeriod);
        Objects.requireNonNull(window);
        Objects.requireNonNull(schedule);
        if (quietPeriod.isNegative()) {
            throw new IllegalArgumentException("quiet period is negative: " + quietPeriod);
        }
        maxStaleness.ifPresent(d -> requirePositive(d, "max staleness"));
    }

    /** The same for a view that is refreshed at least this often. */
    public Timing withMaxStaleness(Optional<Duration> other) {
        return new Timing(quietPeriod, targetLag, other, window, schedule);
    }

    /** The same for a view that is refreshed for changes alone. */
    public Timing forChangesAlone() {
        return new Timing(quietPeriod, targetLag, Optional.empty(), window, Optional.empty());
    }

    private static void requirePositive(Duration duration, String what) {
        if (duration.isNegative() || duration.isZero()) {
            throw new IllegalArgumentException(what + " is not positive: " + duration);
        }
    }
}
