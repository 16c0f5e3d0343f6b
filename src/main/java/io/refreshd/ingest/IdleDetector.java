package io.refreshd.ingest;

/**
 * Detects an idle database: its log has brought nothing but heartbeats of this process for some time.
 *
 * <p>Thread: the capture thread; any may ask.
 */
final class IdleDetector {
    /** Batches with nothing but heartbeats, one each as a rule. Whoever works with the database now and then does not find it idle. */
    private static final int BATCHES = 10;

    private volatile int batches;

    /**
     * A batch was taken in.
     *
     * @param silent whether it holds nothing but heartbeats of this process
     * @param settled whether all transactions that were handed over are visible: otherwise the next heartbeat is waited for
     */
    void taken(boolean silent, boolean settled) {
        batches = silent && settled ? Math.min(batches + 1, BATCHES) : 0;
    }

    /** Another stream has begun. */
    void reset() {
        batches = 0;
    }

    boolean isIdle() {
        return batches >= BATCHES;
    }
}
