package io.refreshd.capture;

import java.time.Duration;

/**
 * When a heartbeat is due: at each interval, or while the database is idle at every fifth, but then after 5 s at most.
 *
 * <p>All databases of a server have their heartbeats at the same moments, so that each walsender, which reads the log of all, is woken
 * once. Without heartbeats in between, an idle server writes nothing, and nobody has to compare its catalog.
 *
 * <p>Invariant: {@code refreshd.is_alive()} waits for five intervals and five seconds, so a heartbeat may be 5 s late.
 *
 * <p>Thread: one.
 */
final class HeartbeatPace {
    private static final int INTERVALS_WHEN_IDLE = 5;
    private static final long LONGEST_WHEN_IDLE = 5_000;

    private final long interval;
    private final long whenIdle;
    private long last = Long.MIN_VALUE;

    HeartbeatPace(Duration interval) {
        this.interval = interval.toMillis();
        this.whenIdle = this.interval * Math.clamp(LONGEST_WHEN_IDLE / this.interval, 1, INTERVALS_WHEN_IDLE);
    }

    /** Milliseconds until it is to be asked again. @param now by the wall clock, in milliseconds */
    long untilNext(long now) {
        return interval - Math.floorMod(now, interval);
    }

    /** Whether a heartbeat is due; then the last one is of now. @param idle whether the log has brought nothing for a while */
    boolean isDue(long now, boolean idle) {
        boolean due = !idle || Math.floorDiv(now, whenIdle) != Math.floorDiv(last, whenIdle);
        if (due) {
            last = now;
        }
        return due;
    }
}
