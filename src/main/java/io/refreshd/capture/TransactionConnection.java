package io.refreshd.capture;

import io.debezium.connector.postgresql.connection.Lsn;
import io.debezium.connector.postgresql.connection.PostgresReplicationConnection;
import io.debezium.connector.postgresql.connection.ReplicationConnection;
import io.debezium.connector.postgresql.connection.ReplicationStream;
import io.debezium.connector.postgresql.connection.WalPositionLocator;
import io.debezium.connector.postgresql.spi.SlotCreationResult;
import io.refreshd.model.Interest;
import io.refreshd.model.TableId;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.core.BaseConnection;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;
import org.postgresql.replication.fluent.logical.ChainedLogicalStreamBuilder;

/**
 * Debezium's own replication connection, but for the stream that is opened on it: that one is {@link TransactionStream}.
 * It never creates or drops a slot.
 */
final class TransactionConnection implements ReplicationConnection {
    private final PostgresReplicationConnection debezium;
    private final String slot;
    private final String publication;
    private final Duration statusInterval;
    private final Function<TableId, Interest> interests;
    /** Held for as long as the stream lives: pgjdbc closes a connection that nobody references any more. */
    private volatile @Nullable Connection connection;

    private volatile boolean aborted;

    TransactionConnection(
            PostgresReplicationConnection debezium,
            String slot,
            String publication,
            Duration statusInterval,
            Function<TableId, Interest> interests) {
        this.debezium = debezium;
        this.slot = slot;
        this.publication = publication;
        this.statusInterval = statusInterval;
        this.interests = interests;
    }

    @Override
    public ReplicationStream startStreaming(WalPositionLocator ignored) throws SQLException {
        Connection opened = debezium.connection(false);
        connection = opened;
        if (aborted) {
            opened.abort(Runnable::run);
            throw new SQLException("the run was cut off before it streamed");
        }
        // Position zero asks the server to start where the slot stands: the slot is the only position there is.
        ChainedLogicalStreamBuilder builder = opened.unwrap(PGConnection.class)
                .getReplicationAPI()
                .replicationStream()
                .logical()
                .withSlotName("\"" + slot + "\"")
                .withStartPosition(LogSequenceNumber.INVALID_LSN)
                .withAutomaticFlush(false)
                .withStatusInterval(Math.toIntExact(statusInterval.toMillis()), TimeUnit.MILLISECONDS)
                .withSlotOption("proto_version", 1)
                .withSlotOption(
                        "publication_names",
                        opened.unwrap(BaseConnection.class).escapeString('"' + publication.replace("\"", "\"\"") + '"'))
                .withSlotOption("messages", true);
        PGReplicationStream stream = builder.start();
        return new TransactionStream(stream, Lsn.valueOf(stream.getLastReceiveLSN()), statusInterval, interests);
    }

    @Override
    public ReplicationStream startStreaming(@Nullable Lsn ignored, WalPositionLocator alsoIgnored) throws SQLException {
        return startStreaming(alsoIgnored);
    }

    @Override
    public Optional<SlotCreationResult> createReplicationSlot() {
        throw new IllegalStateException("replication slot " + slot + " is missing");
    }

    @Override
    public void initConnection() {
        // Debezium would look for slot and publication, and make what is missing: both are seen to before a run.
    }

    @Override
    public boolean isConnected() throws SQLException {
        return debezium.isConnected();
    }

    @Override
    public void reconnect() {
        throw new IllegalStateException("one run streams once");
    }

    @Override
    public void close() throws SQLException {
        debezium.close();
    }

    /** Cuts the line at once, whoever is reading from it, and for good. */
    void abort() throws SQLException {
        aborted = true;
        Connection opened = connection;
        if (opened != null) {
            opened.abort(Runnable::run);
        }
    }
}
