package io.refreshd.model;

import java.util.Objects;

/**
 * The result of a write to the ledger.
 *
 * @param snapshot the snapshot in which the write ran
 * @param acknowledged the WAL position that is durable in the ledger; the replication slot may be advanced up to it and no further
 */
public record Receipt(Snapshot snapshot, Lsn acknowledged) {
    public Receipt {
        Objects.requireNonNull(snapshot);
        Objects.requireNonNull(acknowledged);
    }
}
