package io.refreshd.capture;

import io.refreshd.model.Batch;
import io.refreshd.model.Lsn;
import io.refreshd.model.Receipt;
import io.refreshd.model.Snapshot;
import io.refreshd.model.Xid;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Hands batches to the handler, and tells the handler up to where they count as routed.
 *
 * <p>Thread: one thread of the source; {@link #waitingFor} any thread.
 */
final class Delivery {
    private final BatchHandler handler;
    private final Acknowledger acknowledger = new Acknowledger();
    private Snapshot newest;
    private volatile @Nullable Xid waitingFor;

    /** @param now a snapshot from before the first batch */
    Delivery(BatchHandler handler, Snapshot now) {
        this.handler = handler;
        this.newest = now;
    }

    /** @return up to where may be acknowledged, and no further */
    Lsn deliver(Batch batch) throws Exception {
        Receipt receipt = handler.handle(batch);
        newest = receipt.snapshot();
        Optional<Lsn> reached = acknowledger.offer(batch.position(), batch.xids(), newest);
        waitingFor = acknowledger.waitingFor().orElse(null);
        reached.ifPresent(routed -> handler.routedTo(routed, newest));
        return receipt.acknowledged();
    }

    /** The newest snapshot that was read with a batch. */
    Snapshot newest() {
        return newest;
    }

    Optional<Xid> waitingFor() {
        return Optional.ofNullable(waitingFor);
    }
}
