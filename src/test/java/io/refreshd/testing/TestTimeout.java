package io.refreshd.testing;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The one time limit of all tests: how long a test waits for anything before it fails.
 *
 * <p>Tests check what happens, not how fast. On a machine that does other work a step of milliseconds can take a minute, so the
 * limit is so long that only a hang exceeds it. Speed is measured by the benchmark: docs/BENCHMARKS.md.
 */
public final class TestTimeout {
    public static final Duration LIMIT = Duration.ofMinutes(10);

    private TestTimeout() {}

    /** A query that waits until the view holds every transaction that has committed by now. */
    public static String waitUntilFresh(String view) {
        return "SELECT refreshd.wait_until_fresh('" + view + "', timeout => '" + LIMIT.toSeconds() + " s') IS NOT NULL";
    }

    /** Waits for the process to end; kills it if it does not. */
    public static int exitCode(Process process) throws InterruptedException {
        if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("still runs after " + LIMIT + ": "
                    + process.info().commandLine().orElse("process " + process.pid()));
        }
        return process.exitValue();
    }

    public static <T> T get(Future<T> future) throws InterruptedException, ExecutionException, TimeoutException {
        return future.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }
}
