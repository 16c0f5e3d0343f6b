package io.refreshd.model;

import java.util.Objects;

/**
 * What the ledger answers when it has written something down.
 *
 * @param snapshot what was visible then
 * @param acknowledged the position that is durable in the ledger; the slot may be told this far and no further
 */
public record Receipt(Snapshot snapshot, Lsn acknowledged) {
    public Receipt {
        Objects.requireNonNull(snapshot);
        Objects.requireNonNull(acknowledged);
    }
}
