package io.refreshd.model;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Capped exponential backoff: how long to wait after the first, second, third … failed attempt in a row. The ceiling of the
 * wait is {@code first}, doubles with each attempt, and never exceeds {@code longest}. Attempts count from 1.
 *
 * <p>Jitter takes a random part off the ceiling, so that callers that failed together do not all come back together. The
 * random numbers come from the caller: a test that gives a seed gets the same waits again.
 *
 * <p>Nothing is kept between calls. The caller counts the attempts, and starts again at 1 after a success.
 *
 * @param first ceiling of the wait after the first failed attempt; positive
 * @param longest the ceiling of all later waits; not shorter than {@code first}
 */
public record Backoff(Duration first, Duration longest) {
    /** More doublings than these would shift a positive {@code long} out of its range. */
    private static final int MOST_DOUBLINGS = 62;

    public Backoff {
        if (first.isNegative() || first.isZero() || first.compareTo(longest) > 0) {
            throw new IllegalArgumentException("backoff must be positive and grow: " + first + " to " + longest);
        }
    }

    /** The wait without jitter: for polling something that nobody else polls. */
    public Duration ceiling(int attempt) {
        return Duration.ofNanos(ceilingNanos(attempt));
    }

    /** Between half of the ceiling and the ceiling: for one process whose own tasks are to be spread, none at once. */
    public Duration equalJitter(int attempt, RandomGenerator random) {
        long ceiling = ceilingNanos(attempt);
        return Duration.ofNanos(ceiling - random.nextLong(ceiling / 2 + 1));
    }

    /** Between one nanosecond and the ceiling: spreads many processes that lost one server as far as can be. */
    public Duration fullJitter(int attempt, RandomGenerator random) {
        return Duration.ofNanos(1 + random.nextLong(ceilingNanos(attempt)));
    }

    private long ceilingNanos(int attempt) {
        if (attempt < 1) {
            throw new IllegalArgumentException("attempts count from 1: " + attempt);
        }
        long shortest = first.toNanos();
        long cap = longest.toNanos();
        int doublings = Math.min(attempt - 1, MOST_DOUBLINGS);
        // Compared before it is shifted, since the shift could overflow.
        return shortest > (cap >> doublings) ? cap : shortest << doublings;
    }
}
