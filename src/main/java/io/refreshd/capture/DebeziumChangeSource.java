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
    private static final Duration STOP = Duration.ofSeconds(8);
    private static final AtomicLong NUMBER = new AtomicLong();

    private final CaptureSettings settings;
    private final BatchHandler handler;
    private final String name = "refreshd-debezium-" + NUMBER.incrementAndGet();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final CountDownLatch startable = new CountDownLatch(1);
    private final HeartbeatEmitter heartbeats;

    private volatile @Nullable Thread thread;
    private volatile @Nullable DebeziumEngine<?> engine;
    private volatile @Nullable EventConsumer consumer;
    private volatile @Nullable Throwable failure;
    private volatile boolean closing;

    public DebeziumChangeSource(CaptureSettings settings, BatchHandler handler) {
        this.settings = settings;
        this.handler = handler;
        this.heartbeats = new HeartbeatEmitter(settings, name, this::failAndStop, true);
    }

    @Override
    public synchronized void start() {
        if (thread != null) {
            throw new IllegalStateException("a run starts once");
        }
        if (!closing) {
            thread = Thread.ofPlatform().name(name + "-engine").daemon().start(this::run);
        }
    }

    private void run() {
        PasswordSource.register(name, settings.server().password());
        try (Connection connection = new Connector(settings.server().settings(), SessionKind.CAPTURE, name).open()) {
            SlotStart start = SlotStart.of(connection, settings);
            EventConsumer made = new EventConsumer(connection, handler, start);
            consumer = made;
            DebeziumEngine<?> built = build(made, EngineProperties.ofUnchanged(settings, name, start.serverVersion()));
            engine = built;
            if (!closing) {
                built.run();
            }
        } catch (Throwable e) {
            fail(e);
        } finally {
            startable.countDown();
            heartbeats.close();
            PasswordSource.unregister(name);
            complete();
        }
    }

    private DebeziumEngine<?> build(EventConsumer events, Properties properties) {
        return DebeziumEngine.create(Json.class)
                .using(properties)
                .using(new DebeziumEngine.ConnectorCallback() {
                    @Override
                    public void pollingStarted() {
                        heartbeats.start();
                        startable.countDown();
                    }
                })
                .using((boolean success, String message, @Nullable Throwable error) -> {
                    if (!success) {
                        fail(error == null ? new IllegalStateException(message) : error);
                    }
                })
                .notifying(events)
                .build();
    }

    private void fail(Throwable cause) {
        synchronized (ended) {
            if (failure == null) {
                failure = cause instanceof BatchConsumer.HandlerFailed wrapped ? wrapped.getCause() : cause;
            }
        }
    }

    private void failAndStop(Throwable cause) {
        fail(cause);
        Thread.ofPlatform().name(name + "-stop").daemon().start(this::stop);
    }

    private void complete() {
        Throwable cause = failure;
        if (closing) {
            ended.complete(null);
        } else {
            ended.completeExceptionally(
                    cause == null ? new IllegalStateException("the engine ended without a cause") : cause);
        }
    }

    @Override
    public CompletableFuture<Void> ended() {
        return ended.copy();
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
        Thread started;
        synchronized (this) {
            closing = true;
            started = thread;
            if (started == null) {
                ended.complete(null);
                return;
            }
        }
        try {
            if (!startable.await(START.toMillis(), TimeUnit.MILLISECONDS)) {
                started.interrupt();
            }
            // On a thread of its own: the engine waits longer than close() does for a handler that ignores its
            // interrupt.
            Thread stopper = Thread.ofPlatform().name(name + "-stop").daemon().start(this::stop);
            stopper.join(STOP);
            started.join(STOP);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void stop() {
        DebeziumEngine<?> running = engine;
        if (running == null) {
            return;
        }
        try {
            running.close();
        } catch (IllegalStateException alreadyStopping) {
            // It stops by itself, or for another thread.
        } catch (IOException e) {
            fail(e);
        }
    }
}
