package io.refreshd.capture;

import io.refreshd.model.Interest;
import io.refreshd.model.Signal;
import io.refreshd.model.TableId;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.core.BaseConnection;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;
import org.postgresql.replication.fluent.logical.ChainedLogicalStreamBuilder;

/**
 * The replication stream of one slot, read as bundles of whole transactions.
 *
 * <p>Invariant: a bundle stands at the end of the last commit record in it, or at the start of the last message that belongs to no
 * transaction; {@link #received} is that position while the bundle is handed over.
 *
 * <p>Thread: read by one thread. One more thread sends the status ({@link #startKeepAlive}), so that the server does not lose patience
 * while a slow consumer blocks the reader.
 */
final class TransactionStream implements AutoCloseable {

    /** Takes what was read. */
    interface Receiver {
        /** May block while its queue is full. */
        void receive(TransactionBundle bundle) throws SQLException, InterruptedException;

        /** Whether what was handed over before is still waiting for its turn. Then nothing is gained by handing over more. */
        default boolean isBusy() {
            return false;
        }
    }

    /** Messages that are read in one go before the caller can stop the reader. */
    private static final int MESSAGES_AT_ONCE = 1_000;

    /** Between two looks at a stream that is empty, and at one that has been empty for a while: each look costs something. */
    private static final Duration PAUSE = Duration.ofMillis(4);

    private static final Duration LONG_PAUSE = Duration.ofMillis(10);

    private static final long SILENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    /**
     * A message that has come already is read in less. The driver itself waits for up to a millisecond before it says that there is no
     * message, so in a dense stream of small transactions it never says so, and the reader would be woken for each of them.
     */
    private static final long WAITED_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

    /**
     * Two waits with fewer messages between them mean that there is no backlog. One wait proves nothing: another thread may have had the
     * processor. On a busy machine that happens every few hundred messages.
     */
    private static final int MESSAGES_BETWEEN_WAITS = 50;

    private final PGReplicationStream stream;
    private final SilentInput input;
    private final Duration statusInterval;
    private final LogSequenceNumber start;
    private final StreamDecoder decoder;
    private final LogDemand demand;
    private final BundleBuilder bundle = new BundleBuilder();
    private long handedOver = System.nanoTime();
    private long lastMessage = handedOver;
    private volatile @Nullable LogSequenceNumber received;
    private @Nullable ExecutorService keepAlive;
    /** Why no status is sent any more; the reader ends the run then. */
    private volatile @Nullable Throwable brokenKeepAlive;

    TransactionStream(
            PGReplicationStream stream,
            SilentInput input,
            LogSequenceNumber start,
            Duration statusInterval,
            Function<TableId, Interest> interests,
            LogDemand demand,
            StreamEncoding encoding) {
        this.stream = stream;
        this.input = input;
        this.start = start;
        this.statusInterval = statusInterval;
        this.decoder = new StreamDecoder(interests, encoding);
        this.demand = demand;
    }

    /**
     * Gives the session a usual wal_sender_timeout if a role or database was given one, which may end each stream at once. The server's own
     * value holds otherwise.
     */
    private static final String USUAL_TIMEOUT = "SELECT pg_catalog.set_config(name, boot_val || unit, false)"
            + " FROM pg_catalog.pg_settings WHERE name = 'wal_sender_timeout'"
            + " AND source IN ('global', 'database', 'user', 'database user')";

    /** Starts streaming where the slot stands. */
    static TransactionStream open(
            Connection connection,
            String slot,
            String publication,
            Function<TableId, Interest> interests,
            LogDemand demand,
            Function<byte[], Optional<String>> names)
            throws SQLException {
        Duration statusInterval = EngineProperties.STATUS_INTERVAL;
        // Position zero asks the server to start where the slot stands: the slot is the only position there is.
        ChainedLogicalStreamBuilder builder = connection
                .unwrap(PGConnection.class)
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
                        connection
                                .unwrap(BaseConnection.class)
                                .escapeString('"' + publication.replace("\"", "\"\"") + '"'))
                .withSlotOption("messages", true);
        StreamEncoding encoding = StreamEncoding.begin(connection, publication, names);
        try (Statement statement = connection.createStatement()) {
            statement.execute(USUAL_TIMEOUT);
        }
        PGReplicationStream stream = builder.start();
        return new TransactionStream(
                stream,
                SilentInput.of(connection),
                stream.getLastReceiveLSN(),
                statusInterval,
                interests,
                demand,
                encoding);
    }

    /** Reads what has come, pauses when there is no more, and hands over what was gathered for long enough. */
    void readPending(Receiver receiver) throws SQLException, InterruptedException {
        Throwable broken = brokenKeepAlive;
        if (broken != null) {
            throw new IllegalStateException("the thread that sends the status broke", broken);
        }
        decoder.forgetInterests();
        int waitedAt = -MESSAGES_BETWEEN_WAITS;
        boolean backlog = true;
        for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
            long asked = System.nanoTime();
            ByteBuffer message = stream.readPending();
            long now = System.nanoTime();
            if (message != null) {
                lastMessage = now;
                if (now - asked > WAITED_NANOS) {
                    backlog &= i - waitedAt >= MESSAGES_BETWEEN_WAITS;
                    waitedAt = i;
                }
                boolean complete = accept(message, receiver);
                if (!complete || backlog) {
                    continue;
                }
            }
            pause(receiver, now);
            break;
        }
    }

    private void pause(Receiver receiver, long now) throws SQLException, InterruptedException {
        // Each bundle costs a transaction in the ledger. Where these are slow, fewer and larger ones are taken in
        // sooner.
        if (!receiver.isBusy() && (isGathered() || bundle.isUrgent() || demand.isPresent())) {
            handOver(receiver);
        }
        Duration silence = Duration.ofNanos(now - lastMessage);
        Duration soon = silence.toNanos() > SILENCE_NANOS ? LONG_PAUSE : PAUSE;
        demand.pause(Backlog.of(bundle.size()).pause().orElse(soon));
        if (bundle.isEmpty()) {
            // After the pause: some are to come together, and the server sends its position when another database
            // writes.
            input.await(silence);
        }
    }

    private boolean isGathered() {
        return System.nanoTime() - handedOver
                >= Backlog.of(bundle.size()).gathering().toNanos();
    }

    private void handOver(Receiver receiver) throws SQLException, InterruptedException {
        if (!bundle.isEmpty()) {
            handedOver = System.nanoTime();
            receiver.receive(bundle.take());
        }
    }

    /** Waits for one message and hands over what it completes. */
    void read(Receiver receiver) throws SQLException, InterruptedException {
        decoder.forgetInterests();
        accept(stream.read(), receiver);
        handOver(receiver);
    }

    /** @return whether the message ended a transaction, or belongs to none */
    private boolean accept(ByteBuffer message, Receiver receiver) throws SQLException, InterruptedException {
        Optional<Captured> completed = decoder.accept(message);
        if (completed.isEmpty()) {
            return false;
        }
        // The end of the commit record, or the start of a message that belongs to no transaction.
        received = stream.getLastReceiveLSN();
        switch (completed.get()) {
            case Captured.Transaction transaction
            when transaction.isEmpty() -> {
                if (bundle.isEmpty()) {
                    receiver.receive(TransactionBundle.endOf(transaction));
                }
            }
            case Captured.Transaction transaction -> {
                bundle.add(transaction);
                handOverIfFull(receiver);
            }
            case Captured.Message(Signal signal) -> {
                bundle.add(signal);
                handOverIfFull(receiver);
            }
        }
        return true;
    }

    private void handOverIfFull(Receiver receiver) throws SQLException, InterruptedException {
        if (bundle.isFull()) {
            handOver(receiver);
        }
    }

    /** Tells the server that everything up to the position may be forgotten. Does not go back. */
    void flush(LogSequenceNumber position) throws SQLException {
        if (stream.getLastFlushedLSN().compareTo(position) < 0) {
            stream.setFlushedLSN(position);
            stream.setAppliedLSN(position);
        }
        stream.forceUpdateStatus();
    }

    /** Position of the last transaction or message that was read whole; empty before the first. */
    Optional<LogSequenceNumber> received() {
        return Optional.ofNullable(received);
    }

    /** Where the stream began. */
    LogSequenceNumber start() {
        return start;
    }

    void startKeepAlive(ExecutorService service) {
        keepAlive = service;
        service.execute(() -> {
            try {
                while (true) {
                    stream.forceUpdateStatus();
                    TimeUnit.MILLISECONDS.sleep(statusInterval.toMillis());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (SQLException e) {
                // A connection that cannot be written to cannot be read from either: the reader ends the run.
            } catch (RuntimeException | Error e) {
                brokenKeepAlive = e;
            }
        });
    }

    void stopKeepAlive() {
        if (keepAlive != null) {
            keepAlive.shutdownNow();
            keepAlive = null;
        }
    }

    @Override
    public void close() throws SQLException {
        stream.close();
    }
}
