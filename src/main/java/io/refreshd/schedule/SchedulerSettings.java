package io.refreshd.schedule;

import java.time.Duration;

/**
 * What holds for all views alike.
 *
 * @param maxConcurrent refreshes running at the same time
 * @param backoffMin wait after the first failure; doubled with each further one
 * @param backoffMax but never longer than this
 * @param failuresToSuspend failures in a row after which a view waits for somebody to mend it
 * @param visibilityPollMin wait before a refresh looks again for a transaction that is not visible yet; doubled each time
 * @param visibilityPollMax but never longer than this
 */
public record SchedulerSettings(
        int maxConcurrent,
        Duration backoffMin,
        Duration backoffMax,
        int failuresToSuspend,
        Duration visibilityPollMin,
        Duration visibilityPollMax) {

    public SchedulerSettings {
        requirePositive(maxConcurrent, "max concurrent");
        requirePositive(failuresToSuspend, "failures to suspend");
        requireOrdered(backoffMin, backoffMax, "backoff");
        requireOrdered(visibilityPollMin, visibilityPollMax, "visibility poll");
    }

    /** 1 s to 5 min between failures: a lock is gone soon, a server that restarts takes minutes. */
    public static SchedulerSettings withMaxConcurrent(int maxConcurrent) {
        return new SchedulerSettings(
                maxConcurrent,
                Duration.ofSeconds(1),
                Duration.ofMinutes(5),
                5,
                Duration.ofMillis(10),
                Duration.ofMillis(250));
    }

    private static void requirePositive(int number, String what) {
        if (number < 1) {
            throw new IllegalArgumentException(what + " is less than 1: " + number);
        }
    }

    private static void requireOrdered(Duration min, Duration max, String what) {
        if (min.isNegative() || min.isZero() || min.compareTo(max) > 0) {
            throw new IllegalArgumentException(what + " must be positive and grow: " + min + " to " + max);
        }
    }
}
