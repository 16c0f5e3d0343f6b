package io.refreshd.schedule;

/**
 * Where the scheduler's decisions are kept. Both calls block, and are made one at a time. What cannot be written is written
 * again later, possibly replaced by something newer, so both must be idempotent.
 */
public interface ViewLedger {
    /** Raises the covered mark, and the watermark if there is one; neither is ever lowered. */
    void settle(Action.Settle settle) throws Exception;

    void remember(Action.Remember remember) throws Exception;
}
