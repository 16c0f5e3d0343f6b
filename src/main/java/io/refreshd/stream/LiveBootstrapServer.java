package io.refreshd.stream;

import io.refreshd.capture.Slot;
import io.refreshd.capture.SlotState;
import io.refreshd.ingest.MarkWriter;
import io.refreshd.ledger.StreamPosition;
import io.refreshd.ledger.StreamRow;
import io.refreshd.model.Lsn;
import io.refreshd.model.Snapshot;
import io.refreshd.schedule.Event;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@link BootstrapServer} on a connection to PostgreSQL and a session. */
final class LiveBootstrapServer implements BootstrapServer {
    private static final Logger log = LoggerFactory.getLogger(LiveBootstrapServer.class);

    private static final String QUERY_CANCELED = "57014";

    private final Handle handle;
    private final DatabaseSession session;
    private final String slot;

    /** The connection, while the slot is created on it. */
    private volatile @Nullable Connection creating;

    /** @param slot name of the slot */
    LiveBootstrapServer(Handle handle, DatabaseSession session, String slot) {
        this.handle = handle;
        this.session = session;
        this.slot = slot;
    }

    @Override
    public Optional<StreamPosition> recorded() {
        return StreamRow.read(handle);
    }

    @Override
    public Optional<SlotState> slot(String name) throws SQLException {
        return Slot.inspect(handle.getConnection(), name);
    }

    @Override
    public Optional<Lsn> createSlot() throws SQLException {
        creating = handle.getConnection();
        try {
            return Optional.of(Slot.create(handle.getConnection(), slot, SlotBootstrap.PATIENCE));
        } catch (SQLException e) {
            if (!QUERY_CANCELED.equals(e.getSQLState())) {
                throw e;
            }
            return Optional.empty();
        } finally {
            creating = null;
        }
    }

    /** The driver ignores an interrupt while it waits for the server, which waits for other sessions' transactions. */
    void cancel() {
        Connection waiting = creating;
        if (waiting != null) {
            try {
                waiting.unwrap(PGConnection.class).cancelQuery();
            } catch (SQLException e) {
                log.atDebug().setCause(e).log("The creation of the slot could not be cancelled");
            }
        }
    }

    @Override
    public void dropSlot(String name) throws SQLException {
        Slot.drop(handle.getConnection(), name);
    }

    @Override
    public String blockers() throws SQLException {
        return Slot.blockers(handle.getConnection()).stream()
                .findFirst()
                .map(blocker ->
                        "the server makes the replication slot when running transactions have ended; the oldest is "
                                + blocker.who()
                                // Only members of pg_read_all_stats see the age of another role's transaction.
                                + (blocker.age().isZero()
                                        ? ""
                                        : ", open for " + blocker.age().toSeconds() + " s")
                                + ": " + blocker.remedy())
                .orElse("the server makes the replication slot when running transactions have ended");
    }

    @Override
    public Set<Long> unended() throws SQLException {
        return Slot.unended(handle.getConnection());
    }

    @Override
    public void invalidate(String reason) throws InterruptedException {
        session.ingest().marks().writeMarksOf(new Event.Invalidated(reason));
    }

    @Override
    public void beginEpoch(StreamPosition position) {
        session.ledger().write(handle, transaction -> StreamRow.begin(transaction, position));
    }

    @Override
    public long epoch() {
        return StreamRow.epoch(handle);
    }

    @Override
    public Snapshot snapshot() {
        return MarkWriter.snapshot(handle);
    }
}
