package io.refreshd.daemon;

import io.refreshd.model.Moment;
import java.time.Duration;

/**
 * When the guard looks at lease and slot: each time that it runs, or while the database is idle after 5 s. Heartbeats move the slot as
 * seldom. Has no clock.
 *
 * <p>Thread: one.
 */
final class GuardPace {
    static final Duration WHEN_IDLE = Duration.ofSeconds(5);

    private long lookedAt;

    /** The first look is due at once. */
    GuardPace(Moment now) {
        this.lookedAt = now.nanos() - WHEN_IDLE.toNanos();
    }

    /** Whether a look is due; then the last one is of now. */
    boolean isDue(Moment now, boolean idle) {
        boolean due = !idle || now.nanosSince(lookedAt) >= WHEN_IDLE.toNanos();
        if (due) {
            lookedAt = now.nanos();
        }
        return due;
    }
}
