package io.refreshd.bench;

import io.refreshd.testing.TestTimeout;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** Waits by polling every few milliseconds, so that a measured time is hardly rounded up. */
final class Waiting {
    /** For a condition that costs next to nothing. */
    private static final Duration OFTEN = Duration.ofMillis(2);

    private Waiting() {}

    /** @return elapsed seconds */
    static double until(String what, Callable<Boolean> condition) {
        return until(what, OFTEN, condition);
    }

    /** @param pause between two polls, for a condition that costs what is measured */
    static double until(String what, Duration pause, Callable<Boolean> condition) {
        long begin = System.nanoTime();
        try {
            while (!condition.call()) {
                if (System.nanoTime() - begin > TestTimeout.LIMIT.toNanos()) {
                    throw new IllegalStateException("waited too long: " + what);
                }
                TimeUnit.NANOSECONDS.sleep(pause.toNanos());
            }
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("while waiting: " + what, e);
        }
        return (System.nanoTime() - begin) / 1e9;
    }
}
