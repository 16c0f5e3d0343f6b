package io.refreshd.demo;

import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.SqlNames;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.Notice;
import io.refreshd.report.StreamPhase;
import io.refreshd.report.StreamStatus;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A daemon that does not read the log: it refreshes all views on a timer, except those that a test excludes. */
final class TimedDaemon implements DemoDaemon {
    private final DatabaseLogin login;
    private final List<ViewId> refreshed;
    private final List<Consumer<Notice>> listeners = new ArrayList<>();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private @Nullable Connection connection;
    private @Nullable Future<?> schedule;
    private final AtomicLong rounds = new AtomicLong();
    private volatile Lsn covered = Lsn.ZERO;

    private TimedDaemon(DatabaseLogin login, List<ViewId> refreshed) {
        this.login = login;
        this.refreshed = refreshed;
    }

    /** Takes only the database's address from the configuration file. */
    static TimedDaemon of(Path configuration, ViewId... excluded) throws Exception {
        String url = Files.readAllLines(configuration).stream()
                .filter(line -> line.strip().startsWith("url: "))
                .map(line -> line.strip().substring(5))
                .findFirst()
                .orElseThrow();
        String password = Files.readString(configuration.resolveSibling("refreshd.password"));
        List<ViewId> refreshed = new ArrayList<>(DemoSchema.VIEWS);
        refreshed.removeAll(List.of(excluded));
        return new TimedDaemon(new DatabaseLogin(url, DemoSchema.DAEMON, password), refreshed);
    }

    static ViewStatus view(ViewId view, ViewPhase phase, long refreshes) {
        return new ViewStatus(
                view,
                phase,
                new Timing(Duration.ZERO, Duration.ofSeconds(1), Optional.empty()),
                Method.CONCURRENT,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                refreshes,
                0,
                Optional.empty(),
                Optional.empty());
    }

    @Override
    public void addListener(Consumer<Notice> listener) {
        listeners.add(listener);
    }

    @Override
    public void start() throws SQLException {
        connection = login.connect();
        schedule = timer.scheduleWithFixedDelay(this::refreshAll, 0, 100, TimeUnit.MILLISECONDS);
    }

    private void refreshAll() {
        try (Statement statement = Objects.requireNonNull(connection).createStatement()) {
            Lsn before;
            try (ResultSet row = statement.executeQuery("SELECT pg_current_wal_insert_lsn()")) {
                row.next();
                before = Lsn.parse(row.getString(1));
            }
            for (ViewId view : refreshed) {
                refresh(statement, view);
                Notice done = new Notice.RefreshDone(
                        view, Method.CONCURRENT, Duration.ofMillis(1), Optional.empty(), Optional.empty());
                listeners.forEach(listener -> listener.accept(done));
            }
            covered = before;
            rounds.incrementAndGet();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void refresh(Statement statement, ViewId view) throws SQLException {
        String store;
        try (ResultSet row = statement.executeQuery("SELECT store_oid::regclass FROM refreshd.incremental_view"
                + " WHERE view_oid = '" + SqlNames.qualified(view) + "'::regclass")) {
            store = row.next() ? row.getString(1) : "";
        }
        statement.execute(
                store.isEmpty()
                        ? "REFRESH MATERIALIZED VIEW CONCURRENTLY " + SqlNames.qualified(view)
                        : "BEGIN ISOLATION LEVEL REPEATABLE READ; DELETE FROM " + store + "; INSERT INTO " + store
                                + " SELECT * FROM " + store + "_definition; COMMIT");
    }

    @Override
    public DaemonStatus status() {
        return new DaemonStatus(
                new StreamStatus(StreamPhase.STREAMING, Optional.of(Instant.EPOCH), Optional.of(covered), ""),
                DemoSchema.VIEWS.stream()
                        .map(view -> view(view, ViewPhase.FRESH, rounds.get()))
                        .toList(),
                List.of());
    }

    @Override
    public void close() {
        if (schedule != null) {
            schedule.cancel(false);
        }
        timer.close();
        try {
            if (connection != null) {
                connection.close();
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
