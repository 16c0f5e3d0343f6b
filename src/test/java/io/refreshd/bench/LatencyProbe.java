package io.refreshd.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Measures the time from commit to visible. It commits numbered changes to one row of each view and polls the views over
 * another connection.
 *
 * <p>The time of a change runs from the return of its commit until the view first showed this change or a later one.
 */
final class LatencyProbe implements AutoCloseable {
    /** A change. Times are from {@link System#nanoTime()}; {@code visible} is 0 while the change has not been seen. */
    static final class Change {
        final int role;
        final long committed;
        volatile long visible;

        Change(int role, long committed) {
            this.role = role;
            this.committed = committed;
        }

        /** Seconds; infinite if the change was not seen. */
        double lag() {
            return visible == 0 ? Double.POSITIVE_INFINITY : (visible - committed) / 1e9;
        }
    }

    private static final int POLL_MILLIS = 2;

    private final BenchDatabase database;
    private final AfterWrite after;
    private final long seed;
    private final double meanMillis;
    private final double leastMillis;
    private final int roles;
    private final List<Change> changes = new ArrayList<>();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final Thread writer = new Thread(() -> guarded(this::write), "probe-writer");
    private final Thread poller = new Thread(() -> guarded(this::poll), "probe-poller");
    private volatile boolean writing = true;
    private volatile boolean polling = true;

    private interface Work {
        void run() throws Exception;
    }

    /**
     * A probe of one view.
     *
     * @param leastMillis smallest pause between two changes; pauses are uniform between this and twice the mean less this
     */
    LatencyProbe(BenchDatabase database, AfterWrite after, long seed, double leastMillis, double meanMillis) {
        this(database, after, seed, leastMillis, meanMillis, 1);
    }

    /** @param roles number of role views that are changed in turn: two changes of one view are this many pauses apart */
    LatencyProbe(
            BenchDatabase database, AfterWrite after, long seed, double leastMillis, double meanMillis, int roles) {
        this.database = database;
        this.after = after;
        this.seed = seed;
        this.leastMillis = leastMillis;
        this.meanMillis = meanMillis;
        this.roles = roles;
    }

    LatencyProbe start() {
        poller.start();
        writer.start();
        return this;
    }

    private void guarded(Work work) {
        try {
            work.run();
        } catch (Throwable e) {
            failure.compareAndSet(null, e);
        }
    }

    private void write() throws Exception {
        Random random = new Random(seed);
        try (Connection connection = database.connect();
                PreparedStatement update = connection.prepareStatement("UPDATE main SET title = ? WHERE id = ?")) {
            for (int number = 1; writing; number++) {
                double pause = leastMillis + 2 * (meanMillis - leastMillis) * random.nextDouble();
                TimeUnit.MICROSECONDS.sleep((long) (1000 * pause));
                int role = (number - 1) % roles;
                update.setString(1, Integer.toString(number));
                update.setLong(2, BenchDatabase.PROBE_ROW + role);
                update.executeUpdate();
                synchronized (changes) {
                    changes.add(new Change(role, System.nanoTime()));
                }
                after.written(connection, Set.of(role), Set.of("title"));
            }
        }
    }

    private void poll() throws Exception {
        String sql = IntStream.range(0, roles)
                .mapToObj(role ->
                        "(SELECT title FROM role_%d WHERE id = %d)".formatted(role, BenchDatabase.PROBE_ROW + role))
                .collect(Collectors.joining(", ", "SELECT ", ""));
        try (Connection connection = database.connect();
                PreparedStatement query = connection.prepareStatement(sql)) {
            // For each view the number of its first change that has not been seen. Changes of one view are "roles"
            // apart.
            int[] next = IntStream.range(0, roles).toArray();
            while (polling) {
                int[] now = read(query);
                long at = System.nanoTime();
                synchronized (changes) {
                    for (int role = 0; role < roles; role++) {
                        // A poll can see a change before the writer has recorded its commit.
                        for (; next[role] < Math.min(now[role], changes.size()); next[role] += roles) {
                            Change change = changes.get(next[role]);
                            change.visible = Math.max(at, change.committed);
                        }
                    }
                }
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            }
        }
    }

    private int[] read(PreparedStatement query) throws SQLException {
        int[] numbers = new int[roles];
        try (ResultSet row = query.executeQuery()) {
            row.next();
            for (int role = 0; role < roles; role++) {
                String title = row.getString(role + 1);
                numbers[role] = title != null && title.matches("[0-9]+") ? Integer.parseInt(title) : 0;
            }
        }
        return numbers;
    }

    /** Waits until this number of changes has been committed. */
    void awaitWritten(int count) throws InterruptedException {
        while (changes().size() < count && failure.get() == null) {
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    /** Ends the writer. */
    void stopWriting() throws InterruptedException {
        writing = false;
        writer.join();
    }

    /** @return whether all changes were seen within this time */
    boolean settle(double seconds) throws InterruptedException {
        long end = System.nanoTime() + (long) (seconds * 1e9);
        while (System.nanoTime() < end && failure.get() == null) {
            if (changes().stream().allMatch(change -> change.visible != 0)) {
                return true;
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
        return false;
    }

    List<Change> changes() {
        synchronized (changes) {
            return List.copyOf(changes);
        }
    }

    /** Seconds; infinite for a change that was not seen, since leaving it out would flatter the contender. */
    Sample lags() {
        return Sample.of(changes().stream().map(Change::lag).toList());
    }

    @Override
    public void close() throws InterruptedException {
        writing = false;
        polling = false;
        writer.join();
        poller.join();
        Throwable cause = failure.get();
        if (cause != null) {
            throw new IllegalStateException("the probe failed", cause);
        }
    }
}
