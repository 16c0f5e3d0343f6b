package io.refreshd.capture;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Carries the bundles of one run past Debezium's queue. A message in that queue can hold text and bytes only, so it holds the number of
 * a bundle, and the bundle waits here until the message comes out.
 *
 * <p>Invariant: Debezium delivers every message once and in order. A message with any other number than that of the next bundle
 * means that a message was lost or came twice, and ends the run: what its bundle holds must not be acknowledged.
 *
 * <p>Room: no more bundles wait here than messages in Debezium's queue and on their way into and out of it.
 *
 * <p>Thread: {@link #put} is called by Debezium's streaming thread, {@link #take} by the engine's polling thread. Any may call
 * {@link #isEmpty}.
 */
final class Handover {
    private record Numbered(long number, TransactionBundle bundle) {}

    private final Queue<Numbered> waiting = new ConcurrentLinkedQueue<>();
    private long last;

    /** @return the number that {@link #take} is to be called with */
    long put(TransactionBundle bundle) {
        last++;
        waiting.add(new Numbered(last, bundle));
        return last;
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    /** @throws IllegalStateException if the number is not that of the next bundle */
    TransactionBundle take(long number) {
        Numbered next = waiting.poll();
        if (next == null || next.number() != number) {
            throw new IllegalStateException("Debezium delivered bundle " + number + " instead of "
                    + (next == null ? "none" : Long.toString(next.number())));
        }
        return next.bundle();
    }
}
