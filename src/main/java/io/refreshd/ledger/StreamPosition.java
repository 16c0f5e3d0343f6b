package io.refreshd.ledger;

import io.refreshd.model.Lsn;
import java.util.Objects;

/**
 * A position of the stream, with the slot and the server that it belongs to.
 *
 * @param systemIdentifier of the database cluster. System identifier or timeline changes when the database is another one, was
 *     restored or failed over
 * @param acknowledged every transaction that committed at or before it has been routed
 */
public record StreamPosition(String slot, long systemIdentifier, int timeline, Lsn acknowledged) {
    public StreamPosition {
        Objects.requireNonNull(slot);
        Objects.requireNonNull(acknowledged);
    }
}
