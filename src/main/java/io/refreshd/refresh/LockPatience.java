package io.refreshd.refresh;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How long the refresh of each view, or other work of its kind, may hold up a lock that another session waits for.
 *
 * <p>Invariant: a view whose refreshes always hold somebody up is refreshed in the end. From the {@value #EQUALLY_PATIENT}th time in a
 * row on the patience doubles each time.
 *
 * <p>Thread: thread-safe.
 */
final class LockPatience {
    private static final int EQUALLY_PATIENT = 3;
    /** More doublings than any refresh needs, and few enough for a number of nanoseconds. */
    private static final int MOST_DOUBLINGS = 16;

    private final Optional<Duration> least;
    private final Map<Object, Integer> inARow = new ConcurrentHashMap<>();

    /** @param least the patience at first; empty: no refresh gives way to who waits for it */
    LockPatience(Optional<Duration> least) {
        this.least = least;
    }

    Duration of(Object view) {
        int times = inARow.getOrDefault(view, 0);
        int doublings = Math.clamp(times - EQUALLY_PATIENT + 1L, 0, MOST_DOUBLINGS);
        return least.map(time -> time.multipliedBy(1L << doublings)).orElse(Duration.ofDays(365));
    }

    /** The view's refresh gave way. @return how often in a row it has asked for more patience */
    int gaveWay(Object view, LockConflict conflict) {
        return conflict.asksForPatience() ? inARow.merge(view, 1, Integer::sum) : inARow.getOrDefault(view, 0);
    }

    /** The view was refreshed, or is no more. */
    void reset(Object view) {
        inARow.remove(view);
    }
}
