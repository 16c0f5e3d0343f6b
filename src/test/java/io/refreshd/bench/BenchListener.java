package io.refreshd.bench;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicLong;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** A session that listens to refreshd, and counts what it hears. */
final class BenchListener implements AutoCloseable {
    private final Connection connection;
    private final AtomicLong heard = new AtomicLong();

    BenchListener(BenchDatabase database) throws SQLException {
        connection = database.connect();
        try (Statement statement = connection.createStatement()) {
            statement.execute("LISTEN refreshd");
        }
        PGConnection notifications = connection.unwrap(PGConnection.class);
        Thread.ofPlatform().daemon().name("bench-listener").start(() -> listen(notifications));
    }

    private void listen(PGConnection notifications) {
        try {
            while (true) {
                PGNotification[] received = notifications.getNotifications(0);
                heard.addAndGet(received == null ? 0 : received.length);
            }
        } catch (SQLException closed) {
            // The round is over.
        }
    }

    long heard() {
        return heard.get();
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
