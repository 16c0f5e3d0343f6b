package io.refreshd.model;

import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A stretch of the stream, in order.
 *
 * @param position every transaction that committed at or before it is wholly in this batch or an earlier one
 * @param records how many records of the stream it was made from
 * @param newest when the last of its transactions committed, by the server's clock; empty if there is none
 */
public record Batch(List<Change> changes, List<Signal> signals, Lsn position, int records, Optional<Instant> newest) {
    public Batch {
        changes = List.copyOf(changes);
        signals = List.copyOf(signals);
        Objects.requireNonNull(position);
    }

    /** Of the transactions that its changes are of. */
    public Xids xids() {
        return Xids.union(changes.stream().map(Change::xids).toList());
    }
}
