package io.refreshd.capture;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Counts who waits for the log to be read further. While somebody waits, the reader hands over what it has read at once and hardly pauses.
 *
 * <p>Thread: any may call any method; the reader alone calls {@link #pause}.
 */
public final class LogDemand {
    private static final Duration SHORT = Duration.ofMillis(1);

    private int waiting;

    /** The time for which somebody waits. */
    public interface Wait extends AutoCloseable {
        @Override
        void close();
    }

    /** Somebody waits from now on. A reader that pauses goes on at once. */
    public synchronized Wait begin() {
        waiting++;
        notifyAll();
        return this::end;
    }

    private synchronized void end() {
        waiting--;
    }

    synchronized boolean isPresent() {
        return waiting > 0;
    }

    /** Pauses for so long, or for a moment if somebody waits. */
    synchronized void pause(Duration longest) throws InterruptedException {
        long end = System.nanoTime() + (waiting > 0 ? SHORT : longest).toNanos();
        boolean waited = waiting > 0;
        for (long left = end - System.nanoTime(); left > 0 && waited == (waiting > 0); left = end - System.nanoTime()) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
    }
}
