package io.refreshd.bench;

import java.lang.management.ManagementFactory;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** The contenders without a process of their own. Each is a few lines and a fair version of what people write. */
final class InProcessContender implements Contender {
    /** The quiet period of refreshd in the comparison. */
    static final long QUIET_MILLIS = 100;

    static final long LONGEST_MILLIS = 1_000;

    private interface Work {
        void run(Connection connection, InProcessContender self) throws Exception;
    }

    private final BenchDatabase database;
    private final Refreshes refreshes;
    private final AfterWrite after;
    private final boolean keepsFresh;
    private final @Nullable Thread thread;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean running = true;
    private volatile double cpu;

    private InProcessContender(
            BenchDatabase database, Refreshes refreshes, AfterWrite after, boolean keepsFresh, Optional<Work> work) {
        this.database = database;
        this.refreshes = refreshes;
        this.after = after;
        this.keepsFresh = keepsFresh;
        this.thread = work.map(w -> new Thread(() -> run(w), "contender")).orElse(null);
    }

    @Override
    public void begin() throws SQLException {
        database.refreshAll();
        if (thread != null) {
            thread.start();
        }
    }

    private void run(Work work) {
        try (Connection connection = database.connect()) {
            work.run(connection, this);
        } catch (Throwable e) {
            failure.compareAndSet(null, e);
        }
    }

    private void noteCpu() {
        cpu = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() / 1e9;
    }

    static Contender nothing(BenchDatabase database) {
        return new InProcessContender(database, new Refreshes(), AfterWrite.NOTHING, false, Optional.empty());
    }

    /** The writer refreshes exactly the views that its change affects before it goes on: it knows role and columns. */
    static Contender inline(BenchDatabase database) {
        Refreshes refreshes = new Refreshes();
        AfterWrite after = (connection, roles, columns) -> {
            boolean title = columns.contains("title");
            boolean amount = columns.contains("amount");
            for (int role : roles) {
                if (role < database.roleViews() && (title || amount)) {
                    refreshes.refresh(connection, "role_" + role);
                }
            }
            if (title && roles.contains(0)) {
                refreshes.refresh(connection, "joined");
            }
            if (amount) {
                refreshes.refresh(connection, "totals");
                refreshes.refresh(connection, "grand_total");
            }
        };
        return new InProcessContender(database, refreshes, after, true, Optional.empty());
    }

    private static Contender alone(BenchDatabase database, Refreshes refreshes, Work work) {
        return new InProcessContender(database, refreshes, AfterWrite.NOTHING, true, Optional.of(work));
    }

    /** Refreshes every view at each tick. A tick during the refreshes of the last one is left out, as with pg_cron. */
    static Contender timer(BenchDatabase database, int seconds) {
        Refreshes refreshes = new Refreshes();
        List<Layout.View> views = database.views();
        return alone(database, refreshes, (connection, self) -> {
            long period = TimeUnit.SECONDS.toNanos(seconds);
            for (long next = System.nanoTime() + period; self.running; next += period) {
                self.sleepUntil(next);
                refreshAll(connection, self, refreshes, views);
                while (next + period < System.nanoTime()) {
                    next += period;
                }
            }
        });
    }

    private void sleepUntil(long moment) throws InterruptedException {
        while (running && System.nanoTime() < moment) {
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    private static void refreshAll(
            Connection connection, InProcessContender self, Refreshes refreshes, List<Layout.View> views)
            throws SQLException {
        for (Layout.View view : views) {
            if (self.running) {
                refreshes.refresh(connection, view.name());
                self.noteCpu();
            }
        }
    }

    /**
     * A statement trigger notifies a listener. The listener waits for a pause, up to a limit, and refreshes all views of the
     * table.
     */
    static Contender trigger(BenchDatabase database) throws SQLException {
        database.execute("""
                CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_notify('main_changed', ''); RETURN NULL; END $$""", """
                CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON main
                FOR EACH STATEMENT EXECUTE FUNCTION tell()""", """
                CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON details
                FOR EACH STATEMENT EXECUTE FUNCTION tell()""");
        Refreshes refreshes = new Refreshes();
        List<Layout.View> views = database.views();
        return alone(database, refreshes, (connection, self) -> {
            try (var statement = connection.createStatement()) {
                statement.execute("LISTEN main_changed");
            }
            PGConnection pg = connection.unwrap(PGConnection.class);
            long first = 0;
            long last = 0;
            while (self.running) {
                long wait = first == 0
                        ? 50
                        : Math.min(last + QUIET_MILLIS, first + LONGEST_MILLIS) - System.nanoTime() / 1_000_000;
                PGNotification[] news = pg.getNotifications(Math.clamp(wait, 1, 50));
                long now = System.nanoTime() / 1_000_000;
                if (news != null && news.length > 0) {
                    first = first == 0 ? now : first;
                    last = now;
                }
                if (first != 0 && now >= Math.min(last + QUIET_MILLIS, first + LONGEST_MILLIS)) {
                    first = 0;
                    refreshAll(connection, self, refreshes, views);
                }
                self.noteCpu();
            }
        });
    }

    @Override
    public AfterWrite afterWrite() {
        return after;
    }

    @Override
    public boolean keepsFresh() {
        return keepsFresh;
    }

    @Override
    public Map<String, Refreshes.Count> refreshes() {
        return refreshes.counts();
    }

    @Override
    public double cpuSeconds() {
        return cpu;
    }

    @Override
    public void close() throws InterruptedException {
        running = false;
        if (thread != null && thread.isAlive()) {
            thread.join();
        }
        Throwable cause = failure.get();
        if (cause != null) {
            throw new IllegalStateException("the contender failed", cause);
        }
    }
}
