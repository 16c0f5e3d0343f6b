package io.refreshd.bench;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Samples five times a second how much log the slot holds back and how much memory the server uses. */
final class ResourceMonitor implements AutoCloseable {
    private static final int MILLIS = 200;

    /**
     * The largest samples; NaN without a sample.
     *
     * @param unacknowledged bytes of log that the reader has not confirmed
     * @param kept bytes of log that the server keeps for the slot, back to the oldest transaction that decoding may need
     * @param serverMegabytes resident memory of all processes of the server
     */
    record Peaks(double unacknowledged, double kept, double serverMegabytes) {
        private static final Peaks NOTHING = new Peaks(Double.NaN, Double.NaN, Double.NaN);

        private Peaks or(Peaks other) {
            return new Peaks(
                    greater(unacknowledged, other.unacknowledged),
                    greater(kept, other.kept),
                    greater(serverMegabytes, other.serverMegabytes));
        }

        private static double greater(double one, double other) {
            return Double.isNaN(one) ? other : Double.isNaN(other) ? one : Math.max(one, other);
        }
    }

    private final BenchDatabase database;
    private final Thread thread = new Thread(this::run, "resource-monitor");
    private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
    private volatile boolean running = true;
    private volatile Peaks peaks = Peaks.NOTHING;

    ResourceMonitor(BenchDatabase database) {
        this.database = database;
    }

    void start() {
        thread.start();
    }

    Peaks peaks() {
        return peaks;
    }

    private void run() {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            while (running) {
                double unacknowledged = Double.NaN;
                double kept = Double.NaN;
                try (ResultSet row = statement.executeQuery("""
                        SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn),
                               pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)
                        FROM pg_replication_slots WHERE slot_name = '%s'""".formatted(database.slot()))) {
                    if (row.next()) {
                        unacknowledged = row.getDouble(1);
                        kept = row.getDouble(2);
                    }
                }
                peaks = peaks.or(
                        new Peaks(unacknowledged, kept, database.processes().residentMegabytes()));
                TimeUnit.MILLISECONDS.sleep(MILLIS);
            }
        } catch (Exception e) {
            failure.set(e);
        }
    }

    @Override
    public void close() throws InterruptedException {
        running = false;
        thread.join();
        if (failure.get() != null) {
            throw new IllegalStateException("slot and memory could not be sampled", failure.get());
        }
    }
}
