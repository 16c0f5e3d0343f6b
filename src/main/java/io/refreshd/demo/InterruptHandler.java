package io.refreshd.demo;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Handles Ctrl-C by a shutdown hook, until it is closed: the hook asks the demo to end, and keeps the process alive until it has
 * ended.
 *
 * <p>Failure: if that takes longer than {@link #END_TIMEOUT}, the hook itself closes everything.
 */
final class InterruptHandler implements AutoCloseable {
    /** The daemon normally drains and PostgreSQL normally stops well within this time. */
    private static final Duration END_TIMEOUT = Duration.ofSeconds(20);

    private final CountDownLatch endRequested = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread hook;

    private InterruptHandler(Teardown teardown) {
        this.hook = new Thread(() -> end(teardown), "demo-interrupted");
    }

    static InterruptHandler listen(Teardown teardown) {
        InterruptHandler interrupt = new InterruptHandler(teardown);
        Runtime.getRuntime().addShutdownHook(interrupt.hook);
        return interrupt;
    }

    private void end(Teardown teardown) {
        endRequested.countDown();
        try {
            if (!ended.await(END_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                teardown.close();
            }
        } catch (Exception e) {
            throw new IllegalStateException("the demo could not be stopped in order", e);
        }
    }

    boolean endRequested() {
        return endRequested.getCount() == 0;
    }

    /** Ends the demo as Ctrl-C does; called when something fails that the demo needs. */
    void requestEnd() {
        endRequested.countDown();
    }

    void await() throws InterruptedException {
        endRequested.await();
    }

    /** Waits at most that long; returns whether the end was requested before. */
    boolean await(Duration time) throws InterruptedException {
        return endRequested.await(time.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Called when everything has been closed: lets the process end. */
    @Override
    public void close() {
        ended.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException shuttingDown) {
            // The hook is running, and the line above has just let it return.
        }
    }
}
