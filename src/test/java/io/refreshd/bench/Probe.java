package io.refreshd.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Commits numbered changes to one row and polls a view for them over a connection of its own. The time of a change runs from
 * when its commit returned to when the view was first seen to hold it or a later one.
 */
final class Probe implements AutoCloseable {
    /** One change. {@code visible} is 0 while it has not been seen. Nanoseconds of {@link System#nanoTime()}. */
    static final class Mark {
        final long committed;
        volatile long visible;

        Mark(long committed) {
            this.committed = committed;
        }

        double lag() {
            return (visible - committed) / 1e9;
        }
    }

    private static final int POLL_MILLIS = 2;

    private final Stage stage;
    private final AfterWrite after;
    private final long seed;
    private final double meanMillis;
    private final double leastMillis;
    private final List<Mark> marks = new ArrayList<>();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final Thread writer = new Thread(() -> guarded(this::write), "probe-writer");
    private final Thread poller = new Thread(() -> guarded(this::poll), "probe-poller");
    private volatile boolean writing = true;
    private volatile boolean polling = true;

    private interface Work {
        void run() throws Exception;
    }

    /** @param leastMillis between two changes; between that and twice the mean less it, evenly */
    Probe(Stage stage, AfterWrite after, long seed, double leastMillis, double meanMillis) {
        this.stage = stage;
        this.after = after;
        this.seed = seed;
        this.leastMillis = leastMillis;
        this.meanMillis = meanMillis;
    }

    Probe start() {
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
        try (Connection connection = stage.connect();
                PreparedStatement update =
                        connection.prepareStatement("UPDATE main SET title = ? WHERE id = " + Stage.PROBE_ROW)) {
            for (int number = 1; writing; number++) {
                double pause = leastMillis + 2 * (meanMillis - leastMillis) * random.nextDouble();
                TimeUnit.MICROSECONDS.sleep((long) (1000 * pause));
                update.setString(1, Integer.toString(number));
                update.executeUpdate();
                synchronized (marks) {
                    marks.add(new Mark(System.nanoTime()));
                }
                after.written(connection, 0, true);
            }
        }
    }

    private void poll() throws Exception {
        try (Connection connection = stage.connect();
                PreparedStatement query = connection.prepareStatement(
                        "SELECT title FROM " + Stage.PROBED + " WHERE id = " + Stage.PROBE_ROW)) {
            int seen = 0;
            while (polling) {
                int now = read(query);
                long at = System.nanoTime();
                synchronized (marks) {
                    // A change may be seen before its writer has come round to note it.
                    for (; seen < Math.min(now, marks.size()); seen++) {
                        marks.get(seen).visible = Math.max(at, marks.get(seen).committed);
                    }
                }
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            }
        }
    }

    private static int read(PreparedStatement query) throws SQLException {
        try (ResultSet row = query.executeQuery()) {
            return row.next() && row.getString(1).matches("[0-9]+") ? row.getInt(1) : 0;
        }
    }

    /** No further changes. */
    void stopWriting() throws InterruptedException {
        writing = false;
        writer.join();
    }

    /** @return whether all changes were seen within this time */
    boolean settle(double seconds) throws InterruptedException {
        long end = System.nanoTime() + (long) (seconds * 1e9);
        while (System.nanoTime() < end && failure.get() == null) {
            if (marks().stream().allMatch(mark -> mark.visible != 0)) {
                return true;
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
        return false;
    }

    List<Mark> marks() {
        synchronized (marks) {
            return List.copyOf(marks);
        }
    }

    /** Seconds, of the changes that were seen. */
    Sample lags() {
        return Sample.of(marks().stream()
                .filter(mark -> mark.visible != 0)
                .map(Mark::lag)
                .toList());
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
