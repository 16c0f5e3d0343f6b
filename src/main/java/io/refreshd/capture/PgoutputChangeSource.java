package io.refreshd.capture;

import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.RecordChangeEvent;
import io.debezium.engine.format.ChangeEventFormat;
import io.refreshd.database.Connector;
import io.refreshd.database.SessionKind;
import io.refreshd.model.Xid;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * The {@link ChangeSource} that decodes pgoutput itself and borrows Debezium's engine, connections and acknowledgement. One run is one
 * Debezium engine. The engine is never restarted: it would go on by the offsets that it remembers, and those may be wrong. A fresh
 * run goes by the slot.
 *
 * <p>Thread: the engine runs on a thread of the run, its tasks on pools of their own; {@link HeartbeatEmitter} has one more. Any thread
 * may call any method.
 */
public final class PgoutputChangeSource implements ChangeSource {
    /** The engine opens some connections when it starts, each with a timeout of its own, and cannot be stopped before it started. */
    private static final Duration START = Duration.ofSeconds(60);
    /** How long the engine may take to stop in good order, before its connection is cut. */
    private static final Duration STOP = Duration.ofSeconds(5);
    /** How long the engine may take to stop once its connection is cut; only a handler that ignores its interrupt takes longer. */
    private static final Duration STOP_WHEN_CUT = Duration.ofSeconds(2);

    private static final AtomicLong NUMBER = new AtomicLong();

    private final CaptureSettings settings;
    private final BatchHandler handler;
    private final String name = "refreshd-" + NUMBER.incrementAndGet();
    private final SourceRun run = new SourceRun();
    private final CountDownLatch stoppable = new CountDownLatch(1);
    private final Object stopping = new Object();
    private final HeartbeatEmitter heartbeats;
    private final DebeziumInternals.Run debezium;

    private volatile @Nullable DebeziumEngine<?> engine;
    private volatile @Nullable BatchConsumer consumer;
    /** Written before the engine is built, by the same thread. */
    private int serverVersion;

    public PgoutputChangeSource(CaptureSettings settings, BatchHandler handler) {
        this.settings = Objects.requireNonNull(settings);
        this.handler = Objects.requireNonNull(handler);
        this.heartbeats = HeartbeatEmitter.ofStream(settings, name, this::fail, handler::isIdle);
        this.debezium =
                new DebeziumInternals.Run(handler::interestIn, handler.demand(), new ServerNames(settings, name));
    }

    @Override
    public void start() {
        run.start(name + "-engine", this::stream);
    }

    @Override
    public CompletableFuture<Void> ended() {
        return run.ended();
    }

    @Override
    public boolean hasStreamed() {
        return debezium.streamed;
    }

    @Override
    public Optional<Xid> waitingFor() {
        BatchConsumer started = consumer;
        return started == null ? Optional.empty() : started.waitingFor();
    }

    private void stream() throws Exception {
        DebeziumInternals.correctTypeRegistry();
        PasswordSource.register(name, settings.server().password());
        DebeziumInternals.register(name, debezium);
        try {
            BatchConsumer made = prepare();
            consumer = made;
            DebeziumEngine<RecordChangeEvent<SourceRecord>> built = build(made);
            engine = built;
            if (run.goesOn()) {
                built.run();
            }
        } finally {
            stoppable.countDown();
            heartbeats.close();
            cut();
            DebeziumInternals.unregister(name);
            PasswordSource.unregister(name);
        }
    }

    private BatchConsumer prepare() throws SQLException {
        try (Connection connection = new Connector(settings.server().settings(), SessionKind.CAPTURE, name).open()) {
            SlotStart start = SlotStart.of(connection, settings);
            serverVersion = start.serverVersion();
            return new BatchConsumer(debezium, handler, start.now(), start.confirmed());
        }
    }

    private DebeziumEngine<RecordChangeEvent<SourceRecord>> build(BatchConsumer batches) {
        EngineCallbacks callbacks = new EngineCallbacks(heartbeats, stoppable, this::fail);
        return DebeziumEngine.create(ChangeEventFormat.of(Connect.class))
                .using(EngineProperties.of(settings, name, serverVersion))
                .using((DebeziumEngine.ConnectorCallback) callbacks)
                .using((DebeziumEngine.CompletionCallback) callbacks)
                .notifying(batches)
                .build();
    }

    private void fail(Throwable cause) {
        run.fail(cause);
        if (Thread.currentThread() != run.thread().orElse(null)) {
            cut();
        }
    }

    /** Cuts the replication connection if it is still open, so that no walsender holds the slot. */
    private void cut() {
        try {
            debezium.abort();
        } catch (SQLException e) {
            // Nothing more can be done from here: the server's wal_sender_timeout ends its walsender.
        }
    }

    @Override
    public void close() {
        debezium.readNoMore();
        run.close().ifPresent(this::stop);
    }

    private void stop(Thread started) {
        try {
            if (!stoppable.await(START.toMillis(), TimeUnit.MILLISECONDS)) {
                started.interrupt();
            }
            // On a thread of its own: the engine waits much longer than close() does for a handler that ignores its
            // interrupt.
            Thread stopper = Thread.ofPlatform().name(name + "-stop").daemon().start(this::stopEngine);
            stopper.join(STOP);
            if (!stopper.isAlive()) {
                started.join(STOP);
            }
            if (started.isAlive()) {
                cut();
                started.interrupt();
                started.join(STOP_WHEN_CUT);
            }
        } catch (InterruptedException e) {
            cut();
            Thread.currentThread().interrupt();
        }
    }

    /** Stops the engine, for one caller at a time: a second one would take for leftovers what the first one has yet to stop. */
    private void stopEngine() {
        DebeziumEngine<?> running = engine;
        Thread runs = run.thread().orElse(null);
        if (running == null || runs == null) {
            return;
        }
        synchronized (stopping) {
            try {
                stop(running, runs);
                debezium.stopLeftovers();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void stop(DebeziumEngine<?> running, Thread runs) throws InterruptedException {
        try {
            running.close();
        } catch (IllegalStateException alreadyStopping) {
            // The engine stops by itself, or for another thread that closed the run too.
            runs.join();
        } catch (IOException e) {
            fail(e);
        }
    }
}
