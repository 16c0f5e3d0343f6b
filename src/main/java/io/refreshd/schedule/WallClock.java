package io.refreshd.schedule;

import io.refreshd.model.Moment;
import java.time.Duration;
import java.time.Instant;

/** The time of day that belongs to a monotonic time, as both clocks stood at the event that is being handled. */
final class WallClock {
    /** Farther ahead than any deadline need be, and nanoseconds stay far from their limits. */
    private static final Duration FARTHEST = Duration.ofDays(365);

    private Moment present = new Moment(0, Instant.EPOCH);

    void set(Moment now) {
        present = now;
    }

    long nanos() {
        return present.nanos();
    }

    Instant at(long nanos) {
        return present.wall().plusNanos(nanos - present.nanos());
    }

    long nanosAt(Instant time) {
        Duration ahead = Duration.between(present.wall(), time);
        Duration bounded =
                ahead.abs().compareTo(FARTHEST) < 0 ? ahead : ahead.isNegative() ? FARTHEST.negated() : FARTHEST;
        return present.nanos() + bounded.toNanos();
    }
}
