package io.refreshd.demo;

import io.refreshd.model.Lsn;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.ViewPhase;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** Waits until the daemon says that every view holds everything that was written. */
final class Settling {
    private static final Duration POLL = Duration.ofMillis(50);

    private Settling() {}

    /**
     * "Fresh" alone would not do: a daemon that has not read the last commit yet knows nothing that is missing.
     *
     * @param last every commit stands at or before it
     */
    static boolean settled(DaemonStatus status, Lsn last) {
        return status.stream()
                        .routed()
                        .filter(routed -> routed.compareTo(last) >= 0)
                        .isPresent()
                && !status.views().isEmpty()
                && status.views().stream().allMatch(view -> view.phase() == ViewPhase.FRESH);
    }

    /** Polls on the clock's thread; returns whether it came to that in time. */
    static boolean await(Supplier<DaemonStatus> status, Lsn last, Duration atMost, ScheduledExecutorService clock)
            throws InterruptedException, ExecutionException {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Future<?> poll = clock.scheduleWithFixedDelay(
                () -> {
                    try {
                        if (settled(status.get(), last)) {
                            done.complete(null);
                        }
                    } catch (RuntimeException e) {
                        done.completeExceptionally(e);
                    }
                },
                0,
                POLL.toMillis(),
                TimeUnit.MILLISECONDS);
        try {
            done.get(atMost.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } finally {
            poll.cancel(false);
        }
    }
}
