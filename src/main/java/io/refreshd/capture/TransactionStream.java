package io.refreshd.capture;

import io.debezium.connector.postgresql.connection.Lsn;
import io.debezium.connector.postgresql.connection.ReplicationMessage.Operation;
import io.debezium.connector.postgresql.connection.ReplicationStream;
import io.debezium.connector.postgresql.connection.TransactionMessage;
import io.refreshd.model.Interest;
import io.refreshd.model.Signal;
import io.refreshd.model.TableId;
import java.nio.ByteBuffer;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;

/**
 * The replication stream as Debezium sees it: one message for what came together, be it one transaction or many, instead of
 * one per row.
 *
 * <p>It reaches Debezium as one non-transactional logical message, at the end of the last commit record in it or at the start of
 * the last message that belongs to no transaction. Debezium then stores that position with the record, as that of the last
 * commit, and flushes it when the record is acknowledged.
 *
 * <p>Read by Debezium's streaming thread; its status is sent by one more thread, so that a server does not lose patience
 * while a slow consumer blocks the reader.
 */
final class TransactionStream implements ReplicationStream {
    /** Messages read in one go before Debezium is asked whether it still wants them. */
    private static final int EPOCH = 1_000;

    /** Between two looks at a stream that has nothing to say, and at one that has had nothing for a while: a look costs something. */
    private static final Duration PAUSE = Duration.ofMillis(4);

    private static final Duration LONG_PAUSE = Duration.ofMillis(10);

    private static final long SILENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    /**
     * What has come already is read in less. The driver itself waits for up to a millisecond before it says that there is nothing, so
     * in a dense stream of small transactions it never says so, and the reader would be woken for each of them.
     */
    private static final long WAITED_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

    /** In one stretch: then there is no backlog. Once, it may be that another thread had the processor. */
    private static final int WAITED_OFTEN = 2;

    private final PGReplicationStream stream;
    private final Duration statusInterval;
    private final Lsn start;
    private final StreamDecoder decoder;
    private final Bundle bundle = new Bundle();
    private long handedOver = System.nanoTime();
    private long lastMessage = handedOver;
    private volatile @Nullable Lsn received;
    private @Nullable ExecutorService keepAlive;

    TransactionStream(
            PGReplicationStream stream, Lsn start, Duration statusInterval, Function<TableId, Interest> interests) {
        this.stream = stream;
        this.start = start;
        this.statusInterval = statusInterval;
        this.decoder = new StreamDecoder(interests);
    }

    @Override
    public boolean readPending(ReplicationMessageProcessor processor) throws SQLException, InterruptedException {
        decoder.beginStretch();
        int waited = 0;
        for (int i = 0; i < EPOCH; i++) {
            long asked = System.nanoTime();
            ByteBuffer message = stream.readPending();
            long now = System.nanoTime();
            if (message != null) {
                lastMessage = now;
                waited += now - asked > WAITED_NANOS ? 1 : 0;
                boolean complete = take(message, processor);
                if (!complete || waited < WAITED_OFTEN) {
                    continue;
                }
            }
            pause(processor, now);
            break;
        }
        // Even of nothing: else Debezium pauses by itself, for the interval at which its queue is polled.
        return true;
    }

    private void pause(ReplicationMessageProcessor processor, long now) throws SQLException, InterruptedException {
        if (isGathered() || bundle.isUrgent()) {
            handOver(processor);
        }
        Duration soon = now - lastMessage > SILENCE_NANOS ? LONG_PAUSE : PAUSE;
        Thread.sleep(Backlog.of(bundle.size()).pause().orElse(soon));
    }

    private boolean isGathered() {
        return System.nanoTime() - handedOver
                >= Backlog.of(bundle.size()).gathering().toNanos();
    }

    private void handOver(ReplicationMessageProcessor processor) throws SQLException, InterruptedException {
        if (!bundle.isEmpty()) {
            handedOver = System.nanoTime();
            processor.process(bundle.take());
        }
    }

    @Override
    public void read(ReplicationMessageProcessor processor) throws SQLException, InterruptedException {
        decoder.beginStretch();
        take(stream.read(), processor);
        handOver(processor);
    }

    /** @return whether it was the end of something */
    private boolean take(ByteBuffer message, ReplicationMessageProcessor processor)
            throws SQLException, InterruptedException {
        Optional<Captured> completed = decoder.accept(message);
        if (completed.isEmpty()) {
            return false;
        }
        // The end of the commit record, or the start of a message that belongs to no transaction.
        Lsn position = Lsn.valueOf(stream.getLastReceiveLSN());
        switch (completed.get()) {
            case Captured.Transaction transaction
            when transaction.isEmpty() -> {
                received = position;
                if (bundle.isEmpty()) {
                    processor.process(new TransactionMessage(
                            Operation.COMMIT, transaction.xids().getLast(), transaction.last()));
                }
            }
            case Captured.Transaction transaction -> {
                received = position;
                bundle.add(transaction);
                if (bundle.isFull()) {
                    handOver(processor);
                }
            }
            case Captured.Message(Signal signal) -> {
                received = position;
                bundle.add(signal);
                if (bundle.isFull()) {
                    handOver(processor);
                }
            }
        }
        return true;
    }

    @Override
    public void flushLsn(Lsn lsn) throws SQLException {
        LogSequenceNumber position = lsn.asLogSequenceNumber();
        if (stream.getLastFlushedLSN().compareTo(position) < 0) {
            stream.setFlushedLSN(position);
            stream.setAppliedLSN(position);
        }
        stream.forceUpdateStatus();
    }

    @Override
    public @Nullable Lsn lastReceivedLsn() {
        return received;
    }

    @Override
    public Lsn startLsn() {
        return start;
    }

    @Override
    public void startKeepAlive(ExecutorService service) {
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
            }
        });
    }

    @Override
    public void stopKeepAlive() {
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
