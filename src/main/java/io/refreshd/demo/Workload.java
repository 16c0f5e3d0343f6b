package io.refreshd.demo;

import io.refreshd.model.Lsn;
import io.refreshd.model.ViewId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The write workload of the demo: one commit per tick of a timer, over a connection of its own. The seed alone decides which
 * writes they are.
 *
 * <p>Thread: the writes run on the timer's thread. {@link #close()} waits for the one that is running.
 */
final class Workload implements AutoCloseable {
    private final DatabaseLogin login;
    private final CommitLog log;
    private final Consumer<SQLException> onFailure;
    private final Random random;
    private long keys;
    private @Nullable Connection connection;
    private @Nullable Future<?> ticks;
    private boolean closed;

    /**
     * @param keys rows of {@code main} at the start
     * @param onFailure called at most once, on the timer's thread; no write follows
     */
    Workload(DatabaseLogin login, CommitLog log, int keys, long seed, Consumer<SQLException> onFailure) {
        this.login = login;
        this.log = log;
        this.keys = keys;
        this.random = new Random(seed);
        this.onFailure = onFailure;
    }

    synchronized void start(ScheduledExecutorService timer, double commitsPerSecond) throws SQLException {
        connection = login.connect();
        long period = Math.round(TimeUnit.SECONDS.toNanos(1) / commitsPerSecond);
        ticks = timer.scheduleAtFixedRate(this::tick, period, period, TimeUnit.NANOSECONDS);
    }

    private synchronized void tick() {
        Connection open = connection;
        if (closed || open == null) {
            return;
        }
        try {
            write(open, WriteKind.pick(random), 1 + random.nextLong(keys), random.nextInt(1_000_000));
        } catch (SQLException e) {
            closed = true;
            onFailure.accept(e);
        }
    }

    private void write(Connection open, WriteKind kind, long key, int number) throws SQLException {
        boolean hit = false;
        Set<ViewId> views = new HashSet<>();
        try (PreparedStatement statement = open.prepareStatement(kind.sql())) {
            statement.setLong(1, key);
            statement.setInt(2, number);
            try (ResultSet roles = statement.executeQuery()) {
                while (roles.next()) {
                    hit = true;
                    views.addAll(DemoSchema.READ_BY.getOrDefault(roles.getInt(1), Set.of()));
                }
            }
        }
        if (!hit) {
            return;
        }
        if (kind == WriteKind.INSERT) {
            keys++;
        }
        try (Statement statement = open.createStatement();
                // Read after the commit has returned, and so never before its end in the log.
                ResultSet position = statement.executeQuery("SELECT pg_current_wal_lsn()")) {
            position.next();
            log.committed(Lsn.parse(position.getString(1)), views);
        }
    }

    @Override
    public synchronized void close() throws SQLException {
        closed = true;
        if (ticks != null) {
            ticks.cancel(false);
        }
        if (connection != null) {
            connection.close();
        }
    }
}
