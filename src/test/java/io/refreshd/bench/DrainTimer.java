package io.refreshd.bench;

import io.refreshd.testing.TestTimeout;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;

/** Times a drain: from the moment the server streams from the slot until the ledger holds the mark. */
final class DrainTimer implements AutoCloseable {
    private final BenchDatabase database;
    private final String dirty;
    private final CompletableFuture<Double> result = new CompletableFuture<>();
    private final Thread thread = new Thread(this::run, "drain-timer");

    DrainTimer(BenchDatabase database, String dirty) {
        this.database = database;
        this.dirty = dirty;
    }

    void start() {
        thread.start();
    }

    double seconds() throws Exception {
        return TestTimeout.get(result);
    }

    private void run() {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            String active = "SELECT 1 FROM pg_replication_slots WHERE active AND slot_name = '" + database.slot()
                    + "' HAVING count(*) > 0";
            Waiting.until("the slot is read", () -> found(statement, active));
            long begin = System.nanoTime();
            Waiting.until("the ledger is marked", () -> found(statement, dirty));
            result.complete((System.nanoTime() - begin) / 1e9);
        } catch (Exception e) {
            result.completeExceptionally(e);
        }
    }

    private static boolean found(Statement statement, String sql) throws SQLException {
        try (ResultSet row = statement.executeQuery(sql)) {
            return row.next() && row.getString(1) != null;
        }
    }

    @Override
    public void close() throws InterruptedException {
        thread.interrupt();
        thread.join();
    }
}
