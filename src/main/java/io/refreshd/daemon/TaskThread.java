package io.refreshd.daemon;

import io.refreshd.report.Notice;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A thread that runs one task again and again, with a fixed delay in between, and soon when asked. */
final class TaskThread implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TaskThread.class);

    private final String name;
    private final Task task;
    private final Consumer<Notice> listener;
    private final ScheduledExecutorService thread;
    private final AtomicBoolean queued = new AtomicBoolean();
    private volatile @Nullable Future<?> timer;

    /** What the thread runs. */
    interface Task {
        void run() throws InterruptedException;
    }

    /** @param listener hears of errors that must not happen; throws nothing */
    TaskThread(String name, Task task, Consumer<Notice> listener) {
        this.name = name;
        this.task = task;
        this.listener = listener;
        this.thread = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name(name).factory());
    }

    /** @param interval between the end of one run and the beginning of the next */
    void start(Duration interval) {
        timer = thread.scheduleWithFixedDelay(
                this::run, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Whether the timer has ended though nobody closed it: the task runs only when asked for. */
    boolean isDead() {
        Future<?> started = timer;
        return started != null && started.isDone() && !thread.isShutdown();
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
            listener.accept(new Notice.ErrorCaught(name, e));
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
