package io.refreshd.schedule;

import io.refreshd.model.Backoff;
import java.time.Duration;
import java.util.Objects;

/**
 * Limits and waits of the scheduler, the same for all views.
 *
 * @param maxConcurrent refreshes running at the same time
 * @param retry wait after a failed refresh, by the number of failures in a row
 * @param failuresToSuspend failures in a row after which a view is suspended until an operator resumes it
 * @param visibilityPoll wait before a refresh looks again for a transaction that has committed but is not visible yet
 * @param queue how much of the log is kept for incremental views
 */
public record SchedulerSettings(
        int maxConcurrent, Backoff retry, int failuresToSuspend, Backoff visibilityPoll, QueueBound queue) {
    public SchedulerSettings(int maxConcurrent, Backoff retry, int failuresToSuspend, Backoff visibilityPoll) {
        this(maxConcurrent, retry, failuresToSuspend, visibilityPoll, QueueBound.USUAL);
    }

    public SchedulerSettings {
        requirePositive(maxConcurrent, "max concurrent");
        requirePositive(failuresToSuspend, "failures to suspend");
        Objects.requireNonNull(retry);
        Objects.requireNonNull(visibilityPoll);
        Objects.requireNonNull(queue);
    }

    public SchedulerSettings with(QueueBound bound) {
        return new SchedulerSettings(maxConcurrent, retry, failuresToSuspend, visibilityPoll, bound);
    }

    /** 1 s to 5 min between failures: a lock is gone soon, a server that restarts takes minutes. */
    public static SchedulerSettings withMaxConcurrent(int maxConcurrent) {
        return new SchedulerSettings(
                maxConcurrent,
                new Backoff(Duration.ofSeconds(1), Duration.ofMinutes(5)),
                5,
                new Backoff(Duration.ofMillis(10), Duration.ofMillis(250)));
    }

    private static void requirePositive(int number, String what) {
        if (number < 1) {
            throw new IllegalArgumentException(what + " is less than 1: " + number);
        }
    }
}
