package io.refreshd.schedule;

import io.refreshd.model.Moment;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import java.util.Random;

/** Virtual time of one simulation: the steps to come, in the order of time, and the random numbers of the seed. */
final class Timeline {
    private record Step(long at, long order, Runnable what) {}

    /** Close to the end of the range, so that every run passes the overflow. */
    private final long origin = Long.MAX_VALUE - Duration.ofSeconds(3).toNanos();

    private final PriorityQueue<Step> steps =
            new PriorityQueue<>(Comparator.comparingLong(Step::at).thenComparingLong(Step::order));
    private final Random random;
    private Instant wall = Instant.parse("2026-01-01T00:00:00Z");
    private long time;
    private long order;
    private boolean calm;

    Timeline(long seed) {
        random = new Random(seed);
    }

    Random random() {
        return random;
    }

    int below(int bound) {
        return random.nextInt(bound);
    }

    /** False once it is calm: every chance is one of trouble. */
    boolean chance(int percent) {
        return !calm && random.nextInt(100) < percent;
    }

    boolean calm() {
        return calm;
    }

    void becomeCalm() {
        calm = true;
    }

    void later(long millis, Runnable what) {
        steps.add(new Step(time + millis * 1_000_000 + random.nextInt(1_000_000), order++, what));
    }

    Moment now() {
        return new Moment(origin + time, wall.plusNanos(time));
    }

    /** Somebody sets the clock. */
    void moveWallClock(long millis) {
        wall = wall.plusMillis(millis);
    }

    /** @return false if the deadline comes before the next step; then its time has come */
    boolean runNext(OptionalLong deadline) {
        long at = atDeadline(deadline);
        if (steps.isEmpty() || steps.peek().at > at) {
            // Never backwards: a step that came late has the loop come late.
            time = Math.max(time, at);
            return false;
        }
        Step next = steps.remove();
        time = Math.max(time, next.at);
        next.what.run();
        return true;
    }

    boolean nothingUntil(long until, OptionalLong deadline) {
        return (steps.isEmpty() || steps.peek().at >= until) && atDeadline(deadline) >= until;
    }

    long in(Duration duration) {
        return time + duration.toNanos();
    }

    void moveTo(long to) {
        time = to;
    }

    private long atDeadline(OptionalLong deadline) {
        return deadline.isPresent() ? deadline.getAsLong() - origin : Long.MAX_VALUE;
    }
}
