package io.refreshd.model;

import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The changes and signals that were read from the log together, in the order of the log.
 *
 * @param position the WAL position up to which the log was read: every transaction that committed at or before it is wholly in this
 *     batch or an earlier one
 * @param records how many records of the stream the batch was made from
 * @param newest when the last transaction of the batch committed, by the server's clock; empty if there is none
 */
public record Batch(List<Change> changes, List<Signal> signals, Lsn position, int records, Optional<Instant> newest) {
    public Batch {
        changes = List.copyOf(changes);
        signals = List.copyOf(signals);
        Objects.requireNonNull(position);
    }

    /** The transactions that made the changes. */
    public Xids xids() {
        return Xids.union(changes.stream().map(Change::xids).toList());
    }
}
