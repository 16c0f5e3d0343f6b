package io.refreshd.capture;

import io.refreshd.model.Batch;
import io.refreshd.model.Interest;
import io.refreshd.model.Lsn;
import io.refreshd.model.Receipt;
import io.refreshd.model.Snapshot;
import io.refreshd.model.TableId;

/** Receives what was captured, in stream order, on the capture's own thread. */
public interface BatchHandler {

    /**
     * Returns once the need for refreshes is durable. May block, and must give way to an interrupt: a consumer that goes on
     * keeps the walsender of an engine that is being closed alive.
     *
     * @return a snapshot read after the need was made durable, which decides whether the batch counts as routed; and how far
     *     the ledger has come, beyond which nothing may be acknowledged
     * @throws Exception the engine ends, nothing of the batch is acknowledged, and the next run is given it again
     */
    Receipt handle(Batch batch) throws Exception;

    /** All transactions that committed at or before {@code position} were handed over, and {@code snapshot} sees them. */
    void routedTo(Lsn position, Snapshot snapshot);

    /** What to remember of the table's rows from now on; asked by the thread that reads the log, once per transaction. */
    default Interest interestIn(TableId table) {
        return Interest.NONE;
    }
}
