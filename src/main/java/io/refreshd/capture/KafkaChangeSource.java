package io.refreshd.capture;

import io.refreshd.config.KafkaSettings;
import io.refreshd.database.Connector;
import io.refreshd.database.SessionKind;
import io.refreshd.model.Xid;
import java.sql.Connection;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;

/**
 * The {@link ChangeSource} that reads the topics of a Debezium connector. It has no slot: the ledger holds the offsets.
 *
 * <p>Delivery: as {@link ChangeSource} says, from the offsets in the ledger. If several partitions are read, changes come in the order of
 * commits no longer, and positions pass a commit when the connector's slot does.
 *
 * <p>Failure: {@link TopicGap} if the topics no longer hold what was to be read.
 *
 * <p>Thread: one of its own; {@link HeartbeatEmitter} has one more.
 */
public final class KafkaChangeSource implements ChangeSource {
    private static final Duration POLL = Duration.ofMillis(100);
    /** Longer than the clients take to close, and than a handler takes to end after its interrupt. */
    private static final Duration STOP = Duration.ofSeconds(5);

    private static final AtomicLong NUMBER = new AtomicLong();

    private final CaptureSettings settings;
    private final KafkaSettings kafka;
    private final TopicStart from;
    private final BatchHandler handler;
    private final OffsetStore store;
    private final String name = "refreshd-topics-" + NUMBER.incrementAndGet();
    private final SourceRun run = new SourceRun();
    private final HeartbeatEmitter heartbeats;

    private volatile @Nullable TopicReader reader;
    private volatile @Nullable Delivery delivery;
    private volatile boolean streamed;

    public KafkaChangeSource(
            CaptureSettings settings, KafkaSettings kafka, TopicStart from, BatchHandler handler, OffsetStore store) {
        this.settings = settings;
        this.kafka = kafka;
        this.from = from;
        this.handler = handler;
        this.store = store;
        this.heartbeats = HeartbeatEmitter.ofTopics(settings, name, this::fail);
    }

    @Override
    public void start() {
        run.start(name, this::stream);
    }

    private void stream() throws Exception {
        try (Connection connection = new Connector(settings.server().settings(), SessionKind.CAPTURE, name).open();
                TopicReader opened = new TopicReader(kafka)) {
            reader = opened;
            Delivery made = new Delivery(handler, SlotStart.snapshot(connection));
            delivery = made;
            TopicIngest ingest = new TopicIngest(settings, connection, opened, from, made, handler, store);
            heartbeats.start();
            while (run.goesOn()) {
                ingest.step(POLL);
                streamed = true;
            }
        } catch (WakeupException | InterruptException e) {
            // Closed, or ended by the failure of the heartbeat.
        } catch (KafkaException e) {
            throw new KafkaUnavailableException(kafka.bootstrapServers(), e);
        } finally {
            heartbeats.close();
        }
    }

    private void fail(Throwable cause) {
        run.fail(cause);
        wakeUp();
    }

    private void wakeUp() {
        TopicReader opened = reader;
        if (opened != null) {
            opened.wakeUp();
        }
    }

    @Override
    public CompletableFuture<Void> ended() {
        return run.ended();
    }

    @Override
    public boolean hasStreamed() {
        return streamed;
    }

    @Override
    public Optional<Xid> waitingFor() {
        Delivery made = delivery;
        return made == null ? Optional.empty() : made.waitingFor();
    }

    @Override
    public void close() {
        run.close().ifPresent(this::stop);
    }

    private void stop(Thread started) {
        try {
            wakeUp();
            started.join(STOP);
            if (started.isAlive()) {
                started.interrupt();
                started.join(STOP);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
