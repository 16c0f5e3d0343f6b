package io.refreshd.schedule;

import io.refreshd.model.Failure;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Timing;
import io.refreshd.model.Xid;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;

/**
 * Retry state of one view: how its last refreshes went, and when the next attempt may begin. The methods of a state are its
 * legal transitions; the transitions that every state has are declared here.
 */
sealed interface RetryState
        permits RetryState.Healthy,
                RetryState.AwaitingVisibility,
                RetryState.AwaitingCatalog,
                RetryState.BackingOff,
                RetryState.Retrying,
                RetryState.Suspended,
                RetriedSuspension {
    Healthy HEALTHY = new Healthy();

    /** Refreshes that failed in a row. */
    int failures();

    /** Monotonic time of the last failure; empty if the view has not failed since it last succeeded. */
    default OptionalLong lastFailure() {
        return OptionalLong.empty();
    }

    default RetryState succeeded() {
        return HEALTHY;
    }

    /**
     * A refresh found a transaction that is in the log but not visible yet. No refresh has failed, so the number of failures
     * stays as it is.
     */
    default RetryState notVisibleYet(Xid xid, SchedulerSettings settings, long now) {
        return AwaitingVisibility.poll(xid, 1, settings, failures(), now);
    }

    /** A refresh found that what the view reads was altered since the catalog was read. No refresh has failed. */
    default RetryState altered(SchedulerSettings settings, long now) {
        return AwaitingCatalog.poll(1, settings, failures(), now);
    }

    default RetryState failed(Failure failure, SchedulerSettings settings, long now, RandomGenerator random) {
        if (failure.isOutage()) {
            // The view is not the cause, so the failure is not counted: a view must not be suspended because the server
            // was
            // away.
            return new BackingOff(failures(), retryAt(failures() + 1, settings, now, random), now, failure);
        }
        int inARow = failures() + 1;
        boolean suspend = failure.kind() == Failure.Kind.PERMANENT || inARow >= settings.failuresToSuspend();
        long retryAt = retryAt(inARow, settings, now, random);
        if (!suspend) {
            return new BackingOff(inARow, retryAt, now, failure);
        }
        return RetriedSuspension.revivalOf(failure)
                .<RetryState>map(by -> new RetriedSuspension(inARow, failure.asObstacle(), by, retryAt, now))
                .orElseGet(() -> new Suspended(inARow, failure.asObstacle()));
    }

    /** Rows that the view reads have changed: what failed because of a row may succeed now. */
    default RetryState sourceChanged(Timing timing, long now) {
        return this;
    }

    /** The catalog was read again: what failed for want of a privilege may succeed now. */
    default RetryState catalogRead(long now) {
        return this;
    }

    /** Why the view is suspended; empty if it is not. */
    default Optional<Obstacle> suspension() {
        return Optional.empty();
    }

    /** An operator, or a change of the catalog, wants the next attempt now. */
    default RetryState retryNow() {
        return this;
    }

    /** Whether the next attempt has to wait although the view is due. */
    default boolean delaysRetry(long now) {
        return false;
    }

    /** Monotonic time of the next attempt; only to be asked while {@link #delaysRetry} is true. */
    default long retryAt() {
        throw new IllegalStateException("delays no retry: " + this);
    }

    /** The last refresh succeeded, or there was none. */
    record Healthy() implements RetryState {
        @Override
        public int failures() {
            return 0;
        }
    }

    /**
     * A refresh waits for a transaction that has committed but is not visible yet.
     *
     * @param polls how often a refresh has looked for it
     */
    record AwaitingVisibility(Xid xid, int polls, long retryAt, int failures) implements RetryState {
        private static AwaitingVisibility poll(Xid xid, int polls, SchedulerSettings settings, int failures, long now) {
            Duration wait = settings.visibilityPoll().ceiling(polls);
            return new AwaitingVisibility(xid, polls, now + wait.toNanos(), failures);
        }

        @Override
        public RetryState notVisibleYet(Xid awaited, SchedulerSettings settings, long now) {
            return poll(awaited, polls + 1, settings, failures, now);
        }

        @Override
        public RetryState retryNow() {
            return failures == 0 ? HEALTHY : new Retrying(failures);
        }

        @Override
        public boolean delaysRetry(long now) {
            return retryAt - now > 0;
        }
    }

    /**
     * A refresh waits until the catalog has been read again.
     *
     * @param polls how often a refresh has found that it was not
     */
    record AwaitingCatalog(int polls, long retryAt, int failures) implements RetryState {
        private static AwaitingCatalog poll(int polls, SchedulerSettings settings, int failures, long now) {
            return new AwaitingCatalog(
                    polls, now + settings.visibilityPoll().ceiling(polls).toNanos(), failures);
        }

        @Override
        public RetryState altered(SchedulerSettings settings, long now) {
            return poll(polls + 1, settings, failures, now);
        }

        @Override
        public RetryState catalogRead(long now) {
            return retryNow();
        }

        @Override
        public RetryState retryNow() {
            return failures == 0 ? HEALTHY : new Retrying(failures);
        }

        @Override
        public boolean delaysRetry(long now) {
            return retryAt - now > 0;
        }
    }

    /**
     * The last refresh failed, and the next attempt waits.
     *
     * @param failedAt monotonic time of the failure
     */
    record BackingOff(int failures, long retryAt, long failedAt, Failure failure) implements RetryState {
        @Override
        public OptionalLong lastFailure() {
            return OptionalLong.of(failedAt);
        }

        @Override
        public RetryState sourceChanged(Timing timing, long now) {
            return failure.isOfData()
                    ? new BackingOff(failures, afterChange(retryAt, failedAt, timing, now), failedAt, failure)
                    : this;
        }

        @Override
        public RetryState retryNow() {
            return new Retrying(failures);
        }

        @Override
        public boolean delaysRetry(long now) {
            return retryAt - now > 0;
        }
    }

    /** The last refresh failed, and the next attempt may begin at once. */
    record Retrying(int failures) implements RetryState {}

    /** No attempt is made until an operator resumes the view. */
    record Suspended(int failures, Obstacle obstacle) implements RetryState {
        @Override
        public Optional<Obstacle> suspension() {
            return Optional.of(obstacle);
        }

        @Override
        public RetryState retryNow() {
            return HEALTHY;
        }
    }

    /**
     * When to try again after a change: when the quiet period is over, and no more often than the target lag has a healthy view
     * refreshed. Never later than without the change.
     */
    static long afterChange(long retryAt, long failedAt, Timing timing, long now) {
        long quiet = now + timing.quietPeriod().toNanos();
        return Deadlines.earlier(
                retryAt, Deadlines.later(quiet, failedAt + timing.targetLag().toNanos()));
    }

    /** With equal jitter: views that failed together do not come back together, and none comes back at once. */
    private static long retryAt(int inARow, SchedulerSettings settings, long now, RandomGenerator random) {
        return now + settings.retry().equalJitter(inARow, random).toNanos();
    }
}
