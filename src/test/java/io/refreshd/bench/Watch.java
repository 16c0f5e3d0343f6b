package io.refreshd.bench;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Looks five times a second how much log the replication slot holds back, and how much memory the server has. */
final class Watch implements AutoCloseable {
    private static final int MILLIS = 200;

    /**
     * The greatest values; NaN where there was nothing to see.
     *
     * @param unacknowledged bytes of log that the reader has not confirmed
     * @param kept bytes of log that the server keeps for the slot, back to the oldest transaction that decoding may need
     * @param serverMegabytes resident memory of all processes of the server
     */
    record Most(double unacknowledged, double kept, double serverMegabytes) {
        private static final Most NOTHING = new Most(Double.NaN, Double.NaN, Double.NaN);

        private Most or(Most other) {
            return new Most(
                    greater(unacknowledged, other.unacknowledged),
                    greater(kept, other.kept),
                    greater(serverMegabytes, other.serverMegabytes));
        }

        private static double greater(double one, double other) {
            return Double.isNaN(one) ? other : Double.isNaN(other) ? one : Math.max(one, other);
        }
    }

    private final Stage stage;
    private final Thread thread = new Thread(this::run, "watch");
    private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
    private volatile boolean running = true;
    private volatile Most most = Most.NOTHING;

    Watch(Stage stage) {
        this.stage = stage;
    }

    void start() {
        thread.start();
    }

    Most most() {
        return most;
    }

    private void run() {
        try (Connection connection = stage.connect();
                Statement statement = connection.createStatement()) {
            while (running) {
                double unacknowledged = Double.NaN;
                double kept = Double.NaN;
                try (ResultSet row = statement.executeQuery("""
                        SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn),
                               pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)
                        FROM pg_replication_slots WHERE slot_name = '%s'""".formatted(stage.slot()))) {
                    if (row.next()) {
                        unacknowledged = row.getDouble(1);
                        kept = row.getDouble(2);
                    }
                }
                most = most.or(new Most(unacknowledged, kept, stage.processes().residentMegabytes()));
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
            throw new IllegalStateException("slot and memory could not be watched", failure.get());
        }
    }
}
