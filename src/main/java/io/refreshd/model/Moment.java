package io.refreshd.model;

import java.time.Duration;
import java.time.Instant;

/**
 * Now, twice: monotonic nanoseconds for deadlines, wall time for stamps. They are read together so that a decision never
 * mixes two moments.
 */
public record Moment(long nanos, Instant wall) {
    public Moment plus(Duration duration) {
        return new Moment(nanos + duration.toNanos(), wall.plus(duration));
    }

    /** Nanoseconds since {@code earlier}; by difference, since {@code System.nanoTime()} may overflow. */
    public long nanosSince(long earlier) {
        return nanos - earlier;
    }
}
