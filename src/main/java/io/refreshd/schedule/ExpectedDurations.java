package io.refreshd.schedule;

import java.time.Duration;
import java.util.Optional;

/**
 * What refreshes of one view are expected to take, by what they took lately. Of an incremental view, rounds by keys and rounds of
 * everything are kept apart: they differ by orders of magnitude.
 */
final class ExpectedDurations {
    /** Weight of the newest duration: a few refreshes are enough to follow a view that grows. */
    private static final double WEIGHT_OF_NEWEST = 0.3;

    /** In nanoseconds; negative while unknown. */
    private long byKeys = -1;

    private long ofAll = -1;

    /** @param last what the last refresh before this daemon took; which kind it was of is not known */
    ExpectedDurations(Optional<Duration> last) {
        last.ifPresent(duration -> {
            byKeys = duration.toNanos();
            ofAll = byKeys;
        });
    }

    /** @param keys whether only the rows of some keys were recomputed */
    void took(boolean keys, Duration duration) {
        long nanos = duration.toNanos();
        if (keys) {
            byKeys = smoothed(byKeys, nanos);
        } else {
            ofAll = smoothed(ofAll, nanos);
        }
    }

    private static long smoothed(long before, long now) {
        return before < 0 ? now : before + (long) (WEIGHT_OF_NEWEST * (now - before));
    }

    /**
     * In nanoseconds: what is known of the one kind, else of the other; 0 if nothing is known.
     *
     * @param keys whether only the rows of some keys are to be recomputed
     */
    long nanos(boolean keys) {
        long own = keys ? byKeys : ofAll;
        return Math.max(0, own < 0 ? (keys ? ofAll : byKeys) : own);
    }
}
