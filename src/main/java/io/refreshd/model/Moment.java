package io.refreshd.model;

import java.time.Duration;
import java.time.Instant;

/**
 * One moment by two clocks. Both are read together, so that a decision never mixes two moments.
 *
 * @param nanos monotonic time ({@link System#nanoTime}), for deadlines
 * @param wall time of day, for timestamps
 */
public record Moment(long nanos, Instant wall) {
    public Moment plus(Duration duration) {
        return new Moment(nanos + duration.toNanos(), wall.plus(duration));
    }

    /** The nanoseconds since {@code earlier}. A difference, and no comparison, is right even if {@code System.nanoTime()} overflows. */
    public long nanosSince(long earlier) {
        return nanos - earlier;
    }
}
