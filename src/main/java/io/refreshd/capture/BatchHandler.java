package io.refreshd.capture;

import io.refreshd.model.Batch;
import io.refreshd.model.Interest;
import io.refreshd.model.Lsn;
import io.refreshd.model.Receipt;
import io.refreshd.model.Snapshot;
import io.refreshd.model.TableId;

/**
 * Receives the captured changes from a {@link ChangeSource}.
 *
 * <p>Thread: {@link #handle} and {@link #routedTo} are called by one thread of the source, never at the same time. {@link #interestIn}
 * is called by the thread that reads the log, which may be another one.
 */
public interface BatchHandler {

    /**
     * Makes the need for refreshes durable and returns then. May block: meanwhile the source reads on until its queue is full. Must
     * be idempotent, since a batch may be delivered again after a restart. Must end when its thread is interrupted: the source
     * cannot stop in good order before.
     *
     * @return a snapshot read after the need was made durable, which decides whether the batch counts as routed; and the position
     *     that is durable in the ledger, beyond which nothing may be acknowledged
     * @throws Exception ends the source with this cause; nothing of the batch is acknowledged, and the next source delivers it again
     */
    Receipt handle(Batch batch) throws Exception;

    /**
     * All transactions that committed at or before {@code position} were handed over, and {@code snapshot} sees them. Called after
     * {@link #handle}, with positions that only grow. Must not block. What it throws ends the source.
     */
    void routedTo(Lsn position, Snapshot snapshot);

    /**
     * What to remember of the table's rows from now on. A source asks at least once for each time that it reads from the log, and may
     * ignore the answer if it remembers no rows. Must answer at once, and must not throw.
     */
    default Interest interestIn(TableId table) {
        return Interest.NONE;
    }

    /** Who waits for the log to be read further. A source asks once, and reads faster while somebody does. */
    default LogDemand demand() {
        return new LogDemand();
    }

    /**
     * Whether the log has brought nothing but heartbeats for a while, and nothing waits for the next one. Then the source writes fewer of
     * them. Any thread may ask.
     */
    default boolean isIdle() {
        return false;
    }
}
