package io.refreshd.daemon;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A thread that runs one task again and again, with a fixed delay in between, and soon when asked. */
final class TaskThread implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TaskThread.class);

    private final String name;
    private final Task task;
    private final ScheduledExecutorService thread;
    private final AtomicBoolean queued = new AtomicBoolean();

    /** What the thread runs. */
    interface Task {
        void run() throws InterruptedException;
    }

    TaskThread(String name, Task task) {
        this.name = name;
        this.task = task;
        this.thread = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name(name).factory());
    }

    /** @param interval between the end of one run and the beginning of the next */
    @SuppressWarnings("FutureReturnValueIgnored") // run() throws nothing that a future could tell.
    void start(Duration interval) {
        thread.scheduleWithFixedDelay(this::run, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Returns at once. Asked again before the task has begun, it runs once. */
    void runSoon() {
        if (queued.compareAndSet(false, true)) {
            try {
                thread.execute(() -> {
                    queued.set(false);
                    run();
                });
            } catch (RejectedExecutionException e) {
                log.atTrace().log("Closed a moment ago");
            }
        }
    }

    private void run() {
        try {
            task.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            // Thrown on, it would end the timer, and the task would never run again.
            log.atError().addKeyValue("thread", name).setCause(e).log("A periodic task broke: this must not happen");
        }
    }

    /** Waits a moment for the task: a round takes milliseconds, and an interrupt would break its pooled connection. */
    @Override
    public void close() {
        thread.shutdown();
        try {
            if (!thread.awaitTermination(2, TimeUnit.SECONDS)) {
                thread.shutdownNow();
            }
        } catch (InterruptedException e) {
            thread.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
