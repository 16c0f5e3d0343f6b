package io.refreshd.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Writers at a rate, or as fast as they can. The same seed writes the same things in the same order per writer. */
final class Load implements AutoCloseable {
    static final int WRITERS = 4;

    /** {@code update-100}: kind and commits per second of all writers together; {@code bulk} has no writers. */
    record Workload(String kind, double rate) {
        static Workload parse(String name) {
            String[] parts = name.split("-");
            double rate = parts.length < 2
                    ? 0
                    : parts[1].equals("max") ? Double.POSITIVE_INFINITY : Double.parseDouble(parts[1]);
            return new Workload(parts[0], rate);
        }
    }

    private final Stage stage;
    private final Workload workload;
    private final AfterWrite after;
    private final long seed;
    private final List<Thread> threads = new ArrayList<>();
    private final List<Double> latencies = new ArrayList<>();
    private final AtomicLong inserted = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean writing = true;
    private long began;
    private long ended;

    Load(Stage stage, Workload workload, AfterWrite after, long seed) {
        this.stage = stage;
        this.workload = workload;
        this.after = after;
        this.seed = seed;
    }

    Load start() {
        began = System.nanoTime();
        int writers = workload.rate() > 0 ? WRITERS : 0;
        for (int i = 0; i < writers; i++) {
            int number = i;
            Thread thread = new Thread(
                    () -> {
                        try {
                            write(number);
                        } catch (Throwable e) {
                            failure.compareAndSet(null, e);
                        }
                    },
                    "writer-" + i);
            threads.add(thread);
            thread.start();
        }
        return this;
    }

    private void write(int number) throws Exception {
        Random random = new Random(seed * 31 + number);
        List<Double> own = new ArrayList<>();
        double interval = WRITERS * 1e9 / workload.rate();
        long first = System.nanoTime() + (long) (interval * number / WRITERS);
        try (Connection connection = stage.connect();
                PreparedStatement update =
                        connection.prepareStatement("UPDATE main SET title = ?, amount = amount + 1 WHERE id = ?");
                PreparedStatement title = connection.prepareStatement("UPDATE main SET title = ? WHERE id = ?");
                PreparedStatement note = connection.prepareStatement("UPDATE main SET note = ? WHERE id = ?");
                PreparedStatement insert = connection.prepareStatement("INSERT INTO main VALUES (?, ?, ?, 1, 'new')")) {
            for (long n = 0; writing; n++) {
                long due = first + (long) (n * interval);
                long wait = due - System.nanoTime();
                if (Double.isFinite(workload.rate()) && wait > 0) {
                    TimeUnit.NANOSECONDS.sleep(wait);
                }
                long begin = System.nanoTime();
                String value = number + " " + n;
                // Never the row of the probe.
                int row = 1 + stage.roles() + random.nextInt(stage.rows() - stage.roles());
                int role = (row - 1) % stage.roles();
                int dice = random.nextInt(100);
                switch (workload.kind()) {
                    case "update" -> {
                        one(update, value, row);
                        after.written(connection, role, true);
                    }
                    case "note" -> {
                        one(note, value, row);
                        after.written(connection, role, false);
                    }
                    case "insert" -> {
                        insert.setLong(1, stage.rows() + inserted.incrementAndGet());
                        insert.setInt(2, role);
                        insert.setString(3, value);
                        insert.executeUpdate();
                        after.written(connection, role, true);
                    }
                    case "mixed" -> {
                        // 45 %: a column that no view reads. 45 %: a row of a role without a view. 10 %: a role view.
                        int half = stage.roles() / 2;
                        int wanted = dice < 90 ? role % half + half : role % half;
                        int shifted = row - role + wanted;
                        one(
                                dice < 45 ? note : title,
                                value,
                                shifted <= stage.rows() ? shifted : shifted - stage.roles());
                        after.written(connection, wanted, dice >= 90);
                    }
                    default -> throw new IllegalArgumentException("no such workload: " + workload.kind());
                }
                own.add((System.nanoTime() - begin) / 1e9);
            }
        } finally {
            synchronized (latencies) {
                latencies.addAll(own);
            }
        }
    }

    private static void one(PreparedStatement statement, String value, int row) throws SQLException {
        statement.setString(1, value);
        statement.setLong(2, row);
        statement.executeUpdate();
    }

    void stop() throws InterruptedException {
        writing = false;
        for (Thread thread : threads) {
            thread.join();
        }
        if (ended == 0) {
            ended = System.nanoTime();
        }
        Throwable cause = failure.get();
        if (cause != null) {
            throw new IllegalStateException("a writer failed", cause);
        }
    }

    double commitsPerSecond() {
        return latencies.size() / ((ended - began) / 1e9);
    }

    Sample latencies() {
        return Sample.of(latencies);
    }

    @Override
    public void close() throws InterruptedException {
        stop();
    }
}
