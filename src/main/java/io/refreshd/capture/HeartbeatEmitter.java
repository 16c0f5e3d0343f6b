package io.refreshd.capture;

import io.refreshd.database.Connector;
import io.refreshd.database.SessionKind;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes a heartbeat to the log at the intervals of a {@link HeartbeatPace}, and checks that the server still streams from the slot. So a
 * database that hangs, or a replication connection that died unnoticed, ends the run instead of leaving it silent.
 *
 * <p>Thread: has one of its own, from {@link #start} to {@link #close}.
 *
 * <p>Failure: reported once, to the consumer; the thread ends then.
 */
final class HeartbeatEmitter implements AutoCloseable {
    /** Checks in a row without a walsender before the stream counts as lost. The first checks may come before the stream begins. */
    private static final int MISSED_CHECKS = 10;
    /** At least so long without a walsender, however short the interval: the server may take its time to start decoding. */
    private static final long MISSED_MILLIS = 15_000;

    private final CaptureSettings settings;
    private final String name;
    private final Consumer<Throwable> failed;
    private final boolean streams;
    private final BooleanSupplier idle;
    private @Nullable Thread thread;
    private boolean closed;

    /** Of a process that streams from the slot, so that the server must have a walsender for it. @param idle see {@link BatchHandler#isIdle} */
    static HeartbeatEmitter ofStream(
            CaptureSettings settings, String name, Consumer<Throwable> failed, BooleanSupplier idle) {
        return new HeartbeatEmitter(settings, name, failed, true, idle);
    }

    /** Of a process that reads topics: where they stand is known only as their connector goes on. */
    static HeartbeatEmitter ofTopics(CaptureSettings settings, String name, Consumer<Throwable> failed) {
        return new HeartbeatEmitter(settings, name, failed, false, () -> false);
    }

    private HeartbeatEmitter(
            CaptureSettings settings, String name, Consumer<Throwable> failed, boolean streams, BooleanSupplier idle) {
        this.streams = streams;
        this.idle = idle;
        this.settings = settings;
        this.name = name;
        this.failed = failed;
    }

    synchronized void start() {
        if (!closed && thread == null) {
            thread = Thread.ofPlatform().name(name + "-heartbeat").daemon().start(this::run);
        }
    }

    private void run() {
        long interval = settings.heartbeatInterval().toMillis();
        HeartbeatPace pace = new HeartbeatPace(settings.heartbeatInterval());
        long missed = 0;
        try (Connection connection =
                new Connector(settings.server().settings(), SessionKind.CAPTURE, name + "-heartbeat").open()) {
            while (true) {
                if (pace.isDue(System.currentTimeMillis(), missed == 0 && idle.getAsBoolean())) {
                    Heartbeat.emit(connection);
                    missed = !streams || Slot.isStreaming(connection, settings.slot()) ? 0 : missed + 1;
                    if (missed >= MISSED_CHECKS && missed * interval >= MISSED_MILLIS) {
                        throw new SQLException("the server does not stream from slot " + settings.slot());
                    }
                }
                TimeUnit.MILLISECONDS.sleep(pace.untilNext(System.currentTimeMillis()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SQLException | RuntimeException | Error e) {
            if (!isClosed()) {
                failed.accept(e);
            }
        }
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (thread != null) {
            thread.interrupt();
        }
    }
}
