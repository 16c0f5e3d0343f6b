package io.refreshd.schedule;

import io.refreshd.model.Failure;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Xid;
import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How a view's last attempts went, and with that when the next one may begin. A state's methods are the ways out of it; what
 * any state can suffer is declared here.
 */
sealed interface Health {
    Healthy HEALTHY = new Healthy();

    /** Refreshes that failed in a row. */
    int failures();

    /** A refresh did its work. */
    default Health succeeded() {
        return HEALTHY;
    }

    /** A transaction is in the log but not visible yet; that is nobody's failure, so the count stays as it is. */
    default Health unseen(Xid xid, SchedulerSettings settings, long now) {
        return Unseen.after(xid, settings.visibilityPollMin(), failures(), now);
    }

    default Health failed(Failure failure, SchedulerSettings settings, long now, RandomGenerator random) {
        if (failure.isOutage()) {
            // Not the view's fault, so it is not counted: a view must not stay suspended because the server was away.
            return new BackingOff(failures(), now + pause(failures() + 1, settings, random), failure);
        }
        int inARow = failures() + 1;
        boolean hopeless = failure.kind() == Failure.Kind.PERMANENT || inARow >= settings.failuresToSuspend();
        return hopeless
                ? new Suspended(inARow, failure.asObstacle())
                : new BackingOff(inARow, now + pause(inARow, settings, random), failure);
    }

    /** Somebody wants it tried now. */
    default Health hurried() {
        return this;
    }

    /** Whether an attempt has to wait although the view is due. */
    default boolean holdsBack(long now) {
        return false;
    }

    /** When it stops to hold back; meaningful only while it does. */
    default long until() {
        throw new IllegalStateException("holds nothing back: " + this);
    }

    record Healthy() implements Health {
        @Override
        public int failures() {
            return 0;
        }
    }

    record Unseen(Xid xid, Duration poll, long until, int failures) implements Health {
        private static Unseen after(Xid xid, Duration poll, int failures, long now) {
            return new Unseen(xid, poll, now + poll.toNanos(), failures);
        }

        @Override
        public Health unseen(Xid waitingFor, SchedulerSettings settings, long now) {
            Duration longer = poll.multipliedBy(2);
            Duration max = settings.visibilityPollMax();
            return after(waitingFor, longer.compareTo(max) < 0 ? longer : max, failures, now);
        }

        /** What it waited for has been seen by somebody else. */
        Health visible() {
            return hurried();
        }

        @Override
        public Health hurried() {
            return failures == 0 ? HEALTHY : new Tried(failures);
        }

        @Override
        public boolean holdsBack(long now) {
            return until - now > 0;
        }
    }

    record BackingOff(int failures, long until, Failure failure) implements Health {
        @Override
        public Health hurried() {
            return new Tried(failures);
        }

        @Override
        public boolean holdsBack(long now) {
            return until - now > 0;
        }
    }

    /** It has failed before and may be tried again at once. */
    record Tried(int failures) implements Health {}

    record Suspended(int failures, Obstacle obstacle) implements Health {
        @Override
        public Health hurried() {
            return HEALTHY;
        }
    }

    /** Half of it fixed, half of it random: views that failed together do not come back together. */
    private static long pause(int inARow, SchedulerSettings settings, RandomGenerator random) {
        long max = settings.backoffMax().toNanos();
        long min = settings.backoffMin().toNanos();
        int doublings = Math.min(inARow - 1, 62);
        long full = min > (max >> doublings) ? max : min << doublings;
        return full - random.nextLong(full / 2 + 1);
    }
}
