package io.refreshd.stream;

import io.refreshd.capture.SlotState;
import io.refreshd.ledger.StreamPosition;
import io.refreshd.model.Lsn;
import io.refreshd.model.Snapshot;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;

/**
 * What {@link SlotBootstrap} acts through: slot, ledger, and the views' states. Every method blocks on the server and may be called
 * again after it failed.
 */
interface BootstrapServer {
    /** The position of the stream in the ledger; empty before a first start. */
    Optional<StreamPosition> recorded();

    Optional<SlotState> slot(String name) throws SQLException;

    /**
     * Creates the slot.
     *
     * @return its position; empty if running transactions did not end within the patience of this call
     */
    Optional<Lsn> createSlot() throws SQLException;

    void dropSlot(String name) throws SQLException;

    /** Transactions that the creation of a slot waits for, for people. */
    String blockers() throws SQLException;

    /** Ids of transactions whose end others do not see yet. */
    Set<Long> unended() throws SQLException;

    /** Marks every view dirty, durably. */
    void invalidate(String reason) throws InterruptedException;

    /** Begins an epoch in the ledger. */
    void beginEpoch(StreamPosition position);

    long epoch();

    /** A snapshot of the present. */
    Snapshot snapshot();
}
