package io.refreshd.capture;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes a heartbeat at every interval, and looks whether the server still streams to this run. So a database that hangs, or
 * a replication connection that died without a word, ends the run instead of leaving it silent.
 */
final class Pulse implements AutoCloseable {
    /** Beats in a row without a walsender before the stream counts as lost; the first ones may come before it begins. */
    private static final int MISSED_BEATS = 10;
    /** And at least this long, however short the interval: the server may take its time to start decoding. */
    private static final long MISSED_MILLIS = 15_000;

    private final CaptureSettings settings;
    private final String name;
    private final Consumer<Throwable> failed;
    private @Nullable Thread thread;
    private boolean closed;

    Pulse(CaptureSettings settings, String name, Consumer<Throwable> failed) {
        this.settings = settings;
        this.name = name;
        this.failed = failed;
    }

    synchronized void start() {
        if (!closed && thread == null) {
            thread = Thread.ofPlatform().name(name + "-pulse").daemon().start(this::run);
        }
    }

    private void run() {
        long interval = settings.heartbeatInterval().toMillis();
        long missed = 0;
        try (Connection connection = Connections.open(settings.server(), name + "-pulse")) {
            while (true) {
                Heartbeat.emit(connection);
                missed = Slot.isStreaming(connection, settings.slot()) ? 0 : missed + 1;
                if (missed >= MISSED_BEATS && missed * interval >= MISSED_MILLIS) {
                    throw new SQLException("the server does not stream from slot " + settings.slot());
                }
                TimeUnit.MILLISECONDS.sleep(interval);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SQLException e) {
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
