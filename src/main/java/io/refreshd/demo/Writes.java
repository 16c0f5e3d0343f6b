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
 * The trickle of writes: one commit per beat of the clock it is given, over a connection of its own. Which ones is decided
 * by the seed alone. The beats come on the executor's thread; {@link #close()} waits for the one under way.
 */
final class Writes implements AutoCloseable {
    private final Access access;
    private final CommitLog log;
    private final Consumer<SQLException> onFailure;
    private final Random random;
    private long keys;
    private @Nullable Connection connection;
    private @Nullable Future<?> beats;
    private boolean closed;

    /**
     * @param keys rows of {@code main} at the start
     * @param onFailure told once, on the executor's thread; no further write follows
     */
    Writes(Access access, CommitLog log, int keys, long seed, Consumer<SQLException> onFailure) {
        this.access = access;
        this.log = log;
        this.keys = keys;
        this.random = new Random(seed);
        this.onFailure = onFailure;
    }

    synchronized void start(ScheduledExecutorService clock, double commitsPerSecond) throws SQLException {
        connection = access.connect();
        long period = Math.round(TimeUnit.SECONDS.toNanos(1) / commitsPerSecond);
        beats = clock.scheduleAtFixedRate(this::beat, period, period, TimeUnit.NANOSECONDS);
    }

    private synchronized void beat() {
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
                // Read after the commit returned: never before its end.
                ResultSet position = statement.executeQuery("SELECT pg_current_wal_lsn()")) {
            position.next();
            log.committed(Lsn.parse(position.getString(1)), views);
        }
    }

    @Override
    public synchronized void close() throws SQLException {
        closed = true;
        if (beats != null) {
            beats.cancel(false);
        }
        if (connection != null) {
            connection.close();
        }
    }
}
