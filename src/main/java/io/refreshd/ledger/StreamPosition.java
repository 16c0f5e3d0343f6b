package io.refreshd.ledger;

import io.refreshd.model.Lsn;
import java.util.Objects;

/**
 * Where the stream stood, and on which server.
 *
 * @param systemIdentifier and {@code timeline}: together they change when the database is another one, was restored or
 *     failed over
 */
public record StreamPosition(String slot, long systemIdentifier, int timeline, Lsn acknowledged) {
    public StreamPosition {
        Objects.requireNonNull(slot);
        Objects.requireNonNull(acknowledged);
    }
}
