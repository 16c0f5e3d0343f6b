package io.refreshd;

import io.refreshd.config.Configuration;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;

/** Stands in for the daemon until its parts are wired: starts nothing. */
public final class Daemon implements AutoCloseable {
    private final CountDownLatch ended = new CountDownLatch(1);

    public Daemon(Configuration configuration) {
        Objects.requireNonNull(configuration);
    }

    public void start() throws DaemonStartException {}

    /** Blocks until the daemon has ended; returns the exit code. */
    public int awaitEnd() throws InterruptedException {
        ended.await();
        return 0;
    }

    @Override
    public void close() {
        ended.countDown();
    }
}
