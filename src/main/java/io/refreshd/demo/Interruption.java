package io.refreshd.demo;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C, from when it is made until it is closed: asks the demo to end, and keeps the process alive until it has. If that
 * takes too long it ends everything itself, on its own thread.
 */
final class Interruption implements AutoCloseable {
    /** The daemon drains and PostgreSQL stops within this in health; people press Ctrl-C once and then wait. */
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final CountDownLatch asked = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread hook;

    private Interruption(Teardown teardown) {
        this.hook = new Thread(() -> end(teardown), "demo-interrupted");
    }

    static Interruption listen(Teardown teardown) {
        Interruption interruption = new Interruption(teardown);
        Runtime.getRuntime().addShutdownHook(interruption.hook);
        return interruption;
    }

    private void end(Teardown teardown) {
        asked.countDown();
        try {
            if (!ended.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                teardown.close();
            }
        } catch (Exception e) {
            throw new IllegalStateException("the demo could not be ended in order", e);
        }
    }

    boolean asked() {
        return asked.getCount() == 0;
    }

    /** Something the demo cannot go on without broke: wakes up whoever waits. */
    void wake() {
        asked.countDown();
    }

    void await() throws InterruptedException {
        asked.await();
    }

    /** Waits no longer than the time; returns whether it was asked for before that was over. */
    boolean await(Duration time) throws InterruptedException {
        return asked.await(time.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Everything has ended. */
    @Override
    public void close() {
        ended.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException shuttingDown) {
            // The hook is what is running, and has just been let go.
        }
    }
}
