package io.refreshd.schedule;

/**
 * Port to the ledger, where the scheduler's decisions are kept.
 *
 * <p>Thread: the calls block, and are made one at a time.
 *
 * <p>Failure: a write that throws is made again later, or a newer one in its place. So both calls must be idempotent.
 */
public interface ViewLedger {
    /** Raises the covered mark, and the watermark if there is one; neither is ever lowered. */
    void settle(Action.Settle settle) throws Exception;

    /** Stores failures, pause, window and suspension of a view. */
    void remember(Action.Remember remember) throws Exception;
}
