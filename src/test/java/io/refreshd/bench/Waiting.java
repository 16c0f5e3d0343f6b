package io.refreshd.bench;

import io.refreshd.testing.TestTimeout;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** Waits by looking again every few milliseconds, so that what is timed is not rounded up by much. */
final class Waiting {
    /** For a statement that costs nothing. */
    private static final Duration OFTEN = Duration.ofMillis(2);

    private Waiting() {}

    /** @return seconds it took */
    static double until(String what, Callable<Boolean> condition) {
        return until(what, OFTEN, condition);
    }

    /** @param pause between two looks, where a look costs what is timed */
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
