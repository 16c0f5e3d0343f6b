package io.refreshd.stream;

import io.refreshd.ledger.StreamPosition;
import io.refreshd.model.Lsn;
import java.util.Optional;

/**
 * Detects a gap: whether the slot continues the stream where the ledger left off. Pure.
 *
 * <p>Invariant: a position is written to the ledger before the slot is acknowledged up to it, so without a gap the slot is never
 * ahead of the ledger. After a gap changes may have passed unseen, and every view is refreshed once.
 */
final class GapDetector {
    private GapDetector() {}

    /** The slot as it is found. @param usable false if the server has removed log that the slot needs */
    record FoundSlot(Lsn confirmed, boolean usable) {}

    /** The server as it is found. */
    record FoundServer(long systemIdentifier, int timeline) {}

    /**
     * Compares the ledger with what is found.
     *
     * @param recorded the stream's position in the ledger; empty before the first start
     * @return the reason why changes may have passed unseen, one fixed word; empty if the stream continues
     */
    static Optional<String> gap(
            Optional<StreamPosition> recorded, String slotName, FoundServer server, Optional<FoundSlot> slot) {
        if (recorded.isEmpty()) {
            return Optional.of("first-start");
        }
        StreamPosition before = recorded.get();
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
