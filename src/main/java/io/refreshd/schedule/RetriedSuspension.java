package io.refreshd.schedule;

import io.refreshd.model.Failure;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Timing;
import io.refreshd.model.Xid;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;

/**
 * A suspension that ends without an operator. Users see the view as suspended, and refreshes are tried again: after a wait that
 * grows up to a limit, and at once when the cause may be gone. The suspension ends with the first refresh that succeeds.
 *
 * @param by what may remove the cause
 * @param retryAt monotonic time of the next attempt
 * @param failedAt monotonic time of the last failure
 */
record RetriedSuspension(int failures, Obstacle obstacle, Revival by, long retryAt, long failedAt)
        implements RetryState {

    enum Revival {
        /** A row that the view reads changes. */
        CHANGE,
        /** A privilege is granted. */
        GRANT,
        /** Not known: the suspension is from before the daemon started. */
        UNKNOWN
    }

    /** The suspension that the ledger holds, from before the daemon started: the cause may have gone meanwhile. */
    static RetriedSuspension remembered(int failures, Obstacle obstacle, long now) {
        return new RetriedSuspension(failures, obstacle, Revival.UNKNOWN, now, now);
    }

    /** Empty if only an operator can remove the cause. */
    static Optional<Revival> revivalOf(Failure failure) {
        if (failure.isOfPrivilege()) {
            return Optional.of(Revival.GRANT);
        }
        return failure.isOfData() ? Optional.of(Revival.CHANGE) : Optional.empty();
    }

    @Override
    public OptionalLong lastFailure() {
        return OptionalLong.of(failedAt);
    }

    @Override
    public Optional<Obstacle> suspension() {
        return Optional.of(obstacle);
    }

    /** An outage says nothing about the cause of the suspension, so the suspension stays. */
    @Override
    public RetryState failed(Failure failure, SchedulerSettings settings, long now, RandomGenerator random) {
        return failure.isOutage()
                ? retryAt(
                        now + settings.retry().equalJitter(failures + 1, random).toNanos())
                : RetryState.super.failed(failure, settings, now, random);
    }

    @Override
    public RetryState notVisibleYet(Xid xid, SchedulerSettings settings, long now) {
        return retryAt(now + settings.visibilityPoll().ceiling(1).toNanos());
    }

    @Override
    public RetryState altered(SchedulerSettings settings, long now) {
        return retryAt(now + settings.visibilityPoll().ceiling(1).toNanos());
    }

    @Override
    public RetryState sourceChanged(Timing timing, long now) {
        return by == Revival.CHANGE ? retryAt(RetryState.afterChange(retryAt, failedAt, timing, now)) : this;
    }

    @Override
    public RetryState catalogRead(long now) {
        return by == Revival.GRANT ? retryAt(Deadlines.earlier(retryAt, now)) : this;
    }

    @Override
    public RetryState retryNow() {
        return HEALTHY;
    }

    @Override
    public boolean delaysRetry(long now) {
        return retryAt - now > 0;
    }

    private RetriedSuspension retryAt(long at) {
        return new RetriedSuspension(failures, obstacle, by, at, failedAt);
    }
}
