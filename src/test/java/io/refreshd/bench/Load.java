package io.refreshd.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Writers with a fixed rate or at full speed. With the same seed each writer makes the same writes in the same order. */
final class Load implements AutoCloseable {
    static final int WRITERS = 4;

    /** The columns that each kind of write changes; a contender that refreshes inline gets them. */
    private static final Set<String> NOTE = Set.of("note");

    private static final Set<String> TITLE = Set.of("title");
    private static final Set<String> BOTH = Set.of("title", "amount");

    /**
     * A workload by its name, such as {@code update-100}: kind, and commits per second of all writers together. {@code bulk}
     * has no writers.
     */
    record Workload(String kind, double rate) {
        static final String BULK = "bulk";
        private static final Pattern NAME =
                Pattern.compile("(update|note|insert|mixed|others|shown)-([1-9][0-9]*|max)|" + BULK);

        static boolean exists(String name) {
            return NAME.matcher(name).matches();
        }

        static Workload parse(String name) {
            if (name.equals(BULK)) {
                return new Workload(BULK, 0);
            }
            String[] parts = name.split("-");
            return new Workload(
                    parts[0], parts[1].equals("max") ? Double.POSITIVE_INFINITY : Double.parseDouble(parts[1]));
        }

        boolean isBulk() {
            return kind.equals(BULK);
        }
    }

    private final BenchDatabase database;
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

    Load(BenchDatabase database, Workload workload, AfterWrite after, long seed) {
        this.database = database;
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
        try (Connection connection = database.connect();
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
                // The rows of the probe are left out.
                int row = 1 + database.roles() + random.nextInt(database.rows() - database.roles());
                int role = (row - 1) % database.roles();
                int dice = random.nextInt(100);
                switch (workload.kind()) {
                    case "update" -> {
                        one(update, value, row);
                        after.written(connection, Set.of(role), BOTH);
                    }
                    case "note" -> {
                        one(note, value, row);
                        after.written(connection, Set.of(role), NOTE);
                    }
                    case "others" -> {
                        // Rows of the second half of the role views, since the first half is probed.
                        int wanted = database.roleViews() - 1 - role % (database.roleViews() / 2);
                        one(title, value, rowOf(wanted, row, role));
                        after.written(connection, Set.of(wanted), TITLE);
                    }
                    case "shown" -> {
                        int wanted = role % database.roleViews();
                        one(title, value, rowOf(wanted, row, role));
                        after.written(connection, Set.of(wanted), TITLE);
                    }
                    case "insert" -> {
                        insert.setLong(1, database.rows() + inserted.incrementAndGet());
                        insert.setInt(2, role);
                        insert.setString(3, value);
                        insert.executeUpdate();
                        after.written(connection, Set.of(role), BOTH);
                    }
                    case "mixed" -> {
                        // 45 %: a column that no view reads. 45 %: a row of a role without a view. 10 %: a row of a
                        // role view.
                        int half = database.roles() / 2;
                        int wanted = dice < 90 ? role % half + half : role % half;
                        one(dice < 45 ? note : title, value, rowOf(wanted, row, role));
                        after.written(connection, Set.of(wanted), dice < 45 ? NOTE : TITLE);
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

    /** The nearest row that has the wanted role. */
    private int rowOf(int wanted, int row, int role) {
        int shifted = row - role + wanted;
        return shifted <= database.rows() ? shifted : shifted - database.roles();
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
