package io.refreshd.capture;

import io.refreshd.model.Xid;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * One attempt to read the committed changes of one database: the port through which the rest of refreshd knows {@code capture}. A
 * source hands each {@link io.refreshd.model.Batch} to a {@link BatchHandler} and moves its replication slot as far as the handler's
 * receipts allow.
 *
 * <p>Delivery: at least once, in the order of commits, from the position that the slot has confirmed. A source that starts where an
 * earlier one ended delivers again what was not acknowledged. Changes of one transaction may come in several batches; the position of
 * a batch passes a commit only when the whole transaction was delivered.
 *
 * <p>Acknowledgement: nothing is confirmed to the server beyond {@link io.refreshd.model.Receipt#acknowledged()}. {@link
 * BatchHandler#routedTo} is called only for positions up to which every transaction is visible in a snapshot.
 *
 * <p>Failure: any failure, of the source or of its handler, ends the source. A source retries nothing and is not started again; its
 * owner makes another one.
 *
 * <p>Thread: every method may be called by any thread. The handler is called by one thread of the source at a time.
 */
public interface ChangeSource extends AutoCloseable {

    /**
     * Starts reading on a thread of the source. Does not block, and does not throw for what goes wrong with the database: that
     * completes {@link #ended()}. Does nothing after {@link #close()}.
     *
     * @throws IllegalStateException if the source was started before
     */
    void start();

    /**
     * Completes when no connection and no thread of the source is at work any more: normally after {@link #close()}, otherwise
     * exceptionally with the first failure. The failure is {@link SlotUnusable} if only another slot can help. Each caller gets a
     * future of its own, so that cancelling one changes nothing.
     */
    CompletableFuture<Void> ended();

    /** Whether the server has begun to stream to this source. A failure before that says nothing about what the log holds. */
    boolean hasStreamed();

    /** A transaction that was read and is not visible to others yet, so that no position behind it is passed on as routed. */
    Optional<Xid> waitingFor();

    /**
     * Ends the source and frees the slot. Blocks until that is done, ten-odd seconds at most (a minute more while the source is still
     * starting), and interrupts a handler that is at work. Idempotent; legal before {@link #start()}. Throws nothing. An interrupt of
     * the caller cuts the wait short, and the caller's interrupt flag is set again.
     */
    @Override
    void close();
}
