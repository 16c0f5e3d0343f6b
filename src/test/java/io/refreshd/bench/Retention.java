package io.refreshd.bench;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;

/** Looks five times a second how much log the replication slot holds back. */
final class Retention implements AutoCloseable {
    private static final int MILLIS = 200;

    private final Stage stage;
    private final Thread thread = new Thread(this::run, "retention");
    private volatile boolean running = true;
    private volatile double most = Double.NaN;

    Retention(Stage stage) {
        this.stage = stage;
    }

    void start() {
        thread.start();
    }

    double most() {
        return most;
    }

    private void run() {
        try (Connection connection = stage.connect();
                Statement statement = connection.createStatement()) {
            while (running) {
                try (ResultSet row = statement.executeQuery("""
                        SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)
                        FROM pg_replication_slots WHERE slot_name = '%s'""".formatted(Stage.SLOT))) {
                    if (row.next()) {
                        most = Double.isNaN(most) ? row.getDouble(1) : Math.max(most, row.getDouble(1));
                    }
                }
                TimeUnit.MILLISECONDS.sleep(MILLIS);
            }
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws InterruptedException {
        running = false;
        thread.join();
    }
}
