package io.refreshd.capture;

import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.format.Json;
import io.refreshd.database.Connector;
import io.refreshd.database.SessionKind;
import io.refreshd.model.Xid;
import java.io.IOException;
import java.sql.Connection;
import java.time.Duration;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The {@link ChangeSource} that leaves the decoding to Debezium: its embedded engine with its own PostgreSQL connector, unchanged. The
 * events are those that topics hold, and are read by the same decoder. As with {@link PgoutputChangeSource} one run is one engine.
 *
 * <p>Thread: the engine runs on a thread of the run, its tasks on pools of their own; {@link HeartbeatEmitter} has one more.
 */
public final class DebeziumChangeSource implements ChangeSource {
    private static final Duration START = Duration.ofSeconds(60);
    /** How long the engine may take to stop in good order, and then its thread. */
    private static final Duration STOP = Duration.ofSeconds(5);

    private static final Duration STOP_WHEN_INTERRUPTED = Duration.ofSeconds(2);
    private static final AtomicLong NUMBER = new AtomicLong();

    private final CaptureSettings settings;
    private final BatchHandler handler;
    private final String name = "refreshd-debezium-" + NUMBER.incrementAndGet();
    private final SourceRun run = new SourceRun();
    private final CountDownLatch stoppable = new CountDownLatch(1);
    private final HeartbeatEmitter heartbeats;

    private volatile @Nullable DebeziumEngine<?> engine;
    private volatile @Nullable EventConsumer consumer;

    public DebeziumChangeSource(CaptureSettings settings, BatchHandler handler) {
        this.settings = settings;
        this.handler = handler;
        this.heartbeats = HeartbeatEmitter.ofStream(settings, name, this::failAndStop, handler::isIdle);
    }

    @Override
    public void start() {
        run.start(name + "-engine", this::stream);
    }

    private void stream() throws Exception {
        DebeziumInternals.correctTypeRegistry();
        PasswordSource.register(name, settings.server().password());
        try (Connection connection = new Connector(settings.server().settings(), SessionKind.CAPTURE, name).open()) {
            SlotStart start = SlotStart.of(connection, settings);
            EventConsumer made = new EventConsumer(connection, handler, start);
            consumer = made;
            DebeziumEngine<?> built = build(made, EngineProperties.ofUnchanged(settings, name, start.serverVersion()));
            engine = built;
            if (run.goesOn()) {
                built.run();
            }
        } finally {
            stoppable.countDown();
            heartbeats.close();
            PasswordSource.unregister(name);
        }
    }

    private DebeziumEngine<?> build(EventConsumer events, Properties properties) {
        EngineCallbacks callbacks = new EngineCallbacks(heartbeats, stoppable, run::fail);
        return DebeziumEngine.create(Json.class)
                .using(properties)
                .using((DebeziumEngine.ConnectorCallback) callbacks)
                .using((DebeziumEngine.CompletionCallback) callbacks)
                .notifying(events)
                .build();
    }

    private void failAndStop(Throwable cause) {
        run.fail(cause);
        stopper();
    }

    /** On a thread of its own: the engine waits longer than {@link #close} does for a handler that ignores its interrupt. */
    private Thread stopper() {
        return Thread.ofPlatform().name(name + "-stop").daemon().start(this::stopEngine);
    }

    @Override
    public CompletableFuture<Void> ended() {
        return run.ended();
    }

    @Override
    public boolean hasStreamed() {
        EventConsumer made = consumer;
        return made != null && made.hasRead();
    }

    @Override
    public Optional<Xid> waitingFor() {
        EventConsumer made = consumer;
        return made == null ? Optional.empty() : made.waitingFor();
    }

    @Override
    public void close() {
        run.close().ifPresent(this::stop);
    }

    private void stop(Thread started) {
        try {
            if (!stoppable.await(START.toMillis(), TimeUnit.MILLISECONDS)) {
                started.interrupt();
            }
            stopper().join(STOP);
            started.join(STOP);
            if (started.isAlive()) {
                started.interrupt();
                started.join(STOP_WHEN_INTERRUPTED);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void stopEngine() {
        DebeziumEngine<?> running = engine;
        if (running == null) {
            return;
        }
        try {
            running.close();
        } catch (IllegalStateException alreadyStopping) {
            // It stops by itself, or for another thread.
        } catch (IOException e) {
            run.fail(e);
        }
    }
}
