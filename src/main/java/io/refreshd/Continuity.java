package io.refreshd;

import io.refreshd.ledger.StreamPosition;
import io.refreshd.model.Lsn;
import java.util.Optional;

/**
 * Whether the slot continues the stream where the ledger left it. Pure.
 *
 * <p>The ledger promises before the slot is told, so in health the slot is never ahead of the ledger. Whatever does not fit is
 * a gap: changes may have passed unseen, and every view is refreshed once.
 */
final class Continuity {
    private Continuity() {}

    /** The slot as it is found. @param usable false if the server has removed WAL that it needs */
    record FoundSlot(Lsn confirmed, boolean usable) {}

    /** The server as it is found. */
    record FoundServer(long systemIdentifier, int timeline) {}

    /** @return the reason why changes may have passed unseen, one fixed word; empty if the stream goes on */
    static Optional<String> gap(
            Optional<StreamPosition> left, String slotName, FoundServer server, Optional<FoundSlot> slot) {
        if (left.isEmpty()) {
            return Optional.of("first-start");
        }
        StreamPosition before = left.get();
        if (before.systemIdentifier() != server.systemIdentifier()) {
            return Optional.of("other-system");
        }
        if (before.timeline() != server.timeline()) {
            return Optional.of("timeline");
        }
        if (!before.slot().equals(slotName)) {
            return Optional.of("slot-renamed");
        }
        if (slot.isEmpty()) {
            return Optional.of("slot-missing");
        }
        if (!slot.get().usable()) {
            return Optional.of("slot-lost");
        }
        return slot.get().confirmed().compareTo(before.acknowledged()) > 0
                ? Optional.of("slot-ahead")
                : Optional.empty();
    }
}
