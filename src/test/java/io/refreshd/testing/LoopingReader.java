package io.refreshd.testing;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** A client that repeats one query. The test fails if the query ever fails or returns another value. */
public final class LoopingReader implements AutoCloseable {
    private final Thread thread;
    private final AtomicLong reads = new AtomicLong();
    private volatile boolean done;
    private volatile @Nullable Throwable failure;

    private LoopingReader(TestDatabase database, String sql, String answer) {
        this.thread = Thread.ofPlatform().unstarted(() -> {
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                while (!done) {
                    try (ResultSet row = statement.executeQuery(sql)) {
                        row.next();
                        if (!answer.equals(row.getString(1))) {
                            throw new AssertionError(sql + ": " + row.getString(1) + " instead of " + answer);
                        }
                    }
                    reads.incrementAndGet();
                }
            } catch (Throwable e) {
                failure = e;
            }
        });
    }

    public static LoopingReader start(TestDatabase database, String sql, String answer) {
        LoopingReader reader = new LoopingReader(database, sql, answer);
        reader.thread.start();
        reader.awaitReads(1);
        return reader;
    }

    /** Waits for this number of further reads. */
    public void awaitReads(int times) {
        long target = reads.get() + times;
        Awaitility.await().until(() -> failure != null || reads.get() >= target);
        check();
    }

    private void check() {
        if (failure != null) {
            throw new AssertionError("a reader saw what nobody may see", failure);
        }
    }

    @Override
    public void close() {
        done = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        check();
    }
}
