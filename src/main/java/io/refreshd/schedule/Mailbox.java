package io.refreshd.schedule;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Queue of messages to the event loop. After it was closed, whoever waits for an answer gets the reason instead.
 *
 * <p>Thread: any may put, the loop's alone takes.
 */
final class Mailbox {
    private final LinkedBlockingQueue<Message> queue = new LinkedBlockingQueue<>();
    private volatile @Nullable Throwable closedBecause;

    /** Never blocks. */
    void put(Message message) {
        queue.add(message);
        Throwable reason = closedBecause;
        if (reason != null) {
            // The message may have come in after close() emptied the queue.
            failAll(reason);
        }
    }

    Message take() throws InterruptedException {
        return queue.take();
    }

    /** @return null if none came within that time */
    @Nullable Message poll(long nanos) throws InterruptedException {
        return queue.poll(nanos, TimeUnit.NANOSECONDS);
    }

    boolean isClosed() {
        return closedBecause != null;
    }

    void close(Throwable reason) {
        closedBecause = reason;
        failAll(reason);
    }

    private void failAll(Throwable reason) {
        for (Message message = queue.poll(); message != null; message = queue.poll()) {
            message.fail(reason);
        }
    }
}
