package io.refreshd.capture;

import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.RecordChangeEvent;
import io.debezium.engine.format.ChangeEventFormat;
import io.refreshd.model.Lsn;
import io.refreshd.model.Snapshot;
import io.refreshd.model.Xid;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
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
 * One run of one Debezium engine: started once, closed once, never restarted. Debezium's own restarts go by offsets it
 * remembers, and those may be wrong; a fresh run goes by the slot.
 *
 * <p>Any failure ends the run with its cause; nothing is retried or judged here. Any thread may call any method.
 */
public final class CaptureRun implements AutoCloseable {
    /** Starting takes some connections, each with a timeout of its own; while it lasts an engine cannot be stopped. */
    private static final Duration START = Duration.ofSeconds(60);
    /** What the engine may take to stop in good order, before its connection is cut. */
    private static final Duration STOP = Duration.ofSeconds(5);
    /** What is left to do once the connection is cut, unless a handler ignores its interrupt. */
    private static final Duration LAST = Duration.ofSeconds(2);

    private static final AtomicLong NUMBER = new AtomicLong();

    private final CaptureSettings settings;
    private final BatchHandler handler;
    private final String name = "refreshd-" + NUMBER.incrementAndGet();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final CountDownLatch startable = new CountDownLatch(1);
    private final Object stopping = new Object();
    private final Pulse pulse;

    private volatile @Nullable Thread thread;
    private volatile @Nullable DebeziumEngine<?> engine;
    private volatile @Nullable BatchConsumer consumer;
    private volatile @Nullable Throwable failure;
    private volatile boolean closing;

    public CaptureRun(CaptureSettings settings, BatchHandler handler) {
        this.settings = Objects.requireNonNull(settings);
        this.handler = Objects.requireNonNull(handler);
        this.pulse = new Pulse(settings, name, this::fail);
    }

    /** Returns at once; whatever goes wrong is told by {@link #ended()}. */
    public synchronized void start() {
        if (thread != null) {
            throw new IllegalStateException("a run starts once");
        }
        if (closing) {
            return;
        }
        thread = Thread.ofPlatform().name(name + "-engine").daemon().start(this::run);
    }

    /** Completes when nothing of this run is left: normally after {@link #close()}, else with the cause. */
    public CompletableFuture<Void> ended() {
        return ended.copy();
    }

    /** A transaction that was read and is not visible yet, so that nothing newer is acknowledged. */
    public Optional<Xid> waitingFor() {
        BatchConsumer started = consumer;
        return started == null ? Optional.empty() : started.waitingFor();
    }

    private void run() {
        PasswordSource.lend(name, settings.server().password());
        CaptureTask.expect(name, handler::interestIn);
        try {
            BatchConsumer made = prepare();
            consumer = made;
            DebeziumEngine<RecordChangeEvent<SourceRecord>> built = build(made);
            engine = built;
            if (!closing) {
                built.run();
            }
        } catch (Throwable e) {
            fail(e);
        } finally {
            startable.countDown();
            pulse.close();
            cut();
            PasswordSource.takeBack(name);
            Throwable cause = failure;
            if (closing || cause == null) {
                if (closing) {
                    ended.complete(null);
                } else {
                    ended.completeExceptionally(new IllegalStateException("the engine ended without a cause"));
                }
            } else {
                ended.completeExceptionally(cause);
            }
        }
    }

    private BatchConsumer prepare() throws SQLException {
        try (Connection connection = Connections.open(settings.server(), name);
                Statement statement = connection.createStatement()) {
            SlotState slot = Slot.inspect(connection, settings.slot())
                    .orElseThrow(() -> new SlotUnusable("replication slot " + settings.slot() + " is missing"));
            slot.obstacle(settings.server().database()).ifPresent(obstacle -> {
                throw new SlotUnusable(obstacle.what());
            });
            if (slot.isBeingMade()) {
                // Debezium would wait for it and begin where it begins, whatever came before.
                throw new SlotUnusable("replication slot " + settings.slot() + " is being made by somebody else");
            }
            try (ResultSet row = statement.executeQuery("SELECT pg_catalog.pg_current_snapshot()::text")) {
                row.next();
                Snapshot now = Snapshot.parse(row.getString(1));
                return new BatchConsumer(handler, now, slot.confirmed().orElse(Lsn.ZERO));
            }
        }
    }

    private DebeziumEngine<RecordChangeEvent<SourceRecord>> build(BatchConsumer batches) {
        return DebeziumEngine.create(ChangeEventFormat.of(Connect.class))
                .using(EngineProperties.of(settings, name))
                .using(new DebeziumEngine.ConnectorCallback() {
                    @Override
                    public void pollingStarted() {
                        pulse.start();
                        startable.countDown();
                    }
                })
                .using((boolean success, String message, @Nullable Throwable error) -> {
                    if (!success) {
                        fail(error == null ? new IllegalStateException(message) : error);
                    }
                })
                .notifying(batches)
                .build();
    }

    /** The first failure is the cause; what follows from it is not. */
    private void fail(Throwable cause) {
        synchronized (ended) {
            if (failure == null) {
                failure = cause instanceof BatchConsumer.HandlerFailed wrapped ? wrapped.getCause() : cause;
            }
        }
        if (Thread.currentThread() != thread) {
            cut();
        }
    }

    /** Cuts the replication connection if it is still open, so that no walsender holds the slot. */
    private void cut() {
        TransactionConnection connection = CaptureTask.forget(name);
        if (connection != null) {
            try {
                connection.abort();
            } catch (SQLException e) {
                // Nothing more can be done from here: the server's own wal_sender_timeout ends it.
            }
        }
    }

    /**
     * Ends the run and waits for that, some ten seconds at most; interrupts a handler that is at work. Does nothing the
     * second time, and nothing but to forbid a start before it.
     */
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
            // On a thread of its own: the engine waits much longer than we do for a handler that ignores its interrupt.
            Thread stopper = Thread.ofPlatform().name(name + "-stop").daemon().start(this::stopEngine);
            stopper.join(STOP);
            if (!stopper.isAlive()) {
                started.join(STOP);
            }
            if (started.isAlive()) {
                cut();
                started.interrupt();
                started.join(LAST);
            }
        } catch (InterruptedException e) {
            cut();
            Thread.currentThread().interrupt();
        }
    }

    /** One after the other: what the first one does not come to do, the second one would take for leftovers. */
    private void stopEngine() {
        DebeziumEngine<?> running = engine;
        Thread runs = thread;
        if (running == null || runs == null) {
            return;
        }
        synchronized (stopping) {
            try {
                close(running, runs);
                CaptureTask.stopLeftovers(name);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void close(DebeziumEngine<?> running, Thread runs) throws InterruptedException {
        try {
            running.close();
        } catch (IllegalStateException alreadyStopping) {
            // By itself, or by another thread that closed the run too.
            runs.join();
        } catch (IOException e) {
            fail(e);
        }
    }
}
