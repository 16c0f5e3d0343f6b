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
    private final Acknowledger<Place> acknowledger = new Acknowledger<>();
    private long handed;
    private long routed;
    private Snapshot newest;
    private volatile @Nullable Xid waitingFor;

    /** @param number of the batch: several may have one position */
    private record Place(long number, Lsn position) {}

    /** @param now a snapshot from before the first batch */
    Delivery(BatchHandler handler, Snapshot now) {
        this.handler = handler;
        this.newest = now;
    }

    /** @return up to where may be acknowledged, and no further */
    Lsn deliver(Batch batch) throws Exception {
        Receipt receipt = handler.handle(batch);
        newest = receipt.snapshot();
        Optional<Place> reached = acknowledger.offer(new Place(++handed, batch.position()), batch.xids(), newest);
        waitingFor = acknowledger.waitingFor().orElse(null);
        reached.ifPresent(place -> {
            routed = place.number();
            handler.routedTo(place.position(), newest);
        });
        return receipt.acknowledged();
    }

    /** How many batches were handed over. */
    long handed() {
        return handed;
    }

    /** How many of them count as routed, from the first on: their marks are durable, and a snapshot saw their transactions. */
    long routed() {
        return routed;
    }

    /** The newest snapshot that was read with a batch. */
    Snapshot newest() {
        return newest;
    }

    Optional<Xid> waitingFor() {
        return Optional.ofNullable(waitingFor);
    }
}
