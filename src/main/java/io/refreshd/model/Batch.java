package io.refreshd.model;

import java.util.List;
import java.util.Objects;

/**
 * A stretch of the stream, in order.
 *
 * @param position every transaction that committed at or before it is wholly in this batch or an earlier one
 * @param records how many records of the stream it was made from
 */
public record Batch(List<Change> changes, List<Signal> signals, Lsn position, int records) {
    public Batch {
        changes = List.copyOf(changes);
        signals = List.copyOf(signals);
        Objects.requireNonNull(position);
    }
}
