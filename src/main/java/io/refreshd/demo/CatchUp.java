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

/** Waits until the daemon has caught up: by its own status, every view holds all that was written. */
final class CatchUp {
    private static final Duration POLL = Duration.ofMillis(50);

    private CatchUp() {}

    /**
     * Whether every commit is routed and every view is fresh. "Fresh" alone does not suffice: a daemon that has not
     * read the last commit yet does not know that anything is missing.
     *
     * @param last the position of the last commit
     */
    static boolean isCaughtUp(DaemonStatus status, Lsn last) {
        return status.stream()
                        .routed()
                        .filter(routed -> routed.compareTo(last) >= 0)
                        .isPresent()
                && !status.views().isEmpty()
                && status.views().stream().allMatch(view -> view.phase() == ViewPhase.FRESH);
    }

    /** Polls on the timer's thread. Returns whether the daemon caught up in time. */
    static boolean await(Supplier<DaemonStatus> status, Lsn last, Duration atMost, ScheduledExecutorService timer)
            throws InterruptedException, ExecutionException {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Future<?> poll = timer.scheduleWithFixedDelay(
                () -> {
                    try {
                        if (isCaughtUp(status.get(), last)) {
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
