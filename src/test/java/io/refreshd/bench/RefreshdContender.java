package io.refreshd.bench;

import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/** refreshd as users start it, with the quiet period and the target lag of the trigger contender. */
final class RefreshdContender implements Contender {
    /** The default for incremental views. A period for all views of the configuration goes before it. */
    static final String INCREMENTAL_QUIET_PERIOD = "20ms";

    private final BenchDatabase database;
    private final MeasuredDaemon daemon;
    private final Optional<BenchListener> listener;
    private String before = "0";
    private Map<String, Long> avoidedBefore = Map.of();
    private double cpuBefore;

    private RefreshdContender(BenchDatabase database, MeasuredDaemon daemon) {
        this(database, daemon, Optional.empty());
    }

    private RefreshdContender(BenchDatabase database, MeasuredDaemon daemon, Optional<BenchListener> listener) {
        this.listener = listener;
        this.database = database;
        this.daemon = daemon;
    }

    static Contender start(BenchDatabase database) throws IOException {
        return new RefreshdContender(
                database,
                MeasuredDaemon.start(
                        database, InProcessContender.QUIET_MILLIS + "ms", InProcessContender.LONGEST_MILLIS + "ms"));
    }

    /** With all views incremental that can be, and with their quiet period by default. */
    static Contender startIncremental(BenchDatabase database) throws Exception {
        MeasuredDaemon.convert(database, database.incrementalViews());
        return new RefreshdContender(
                database,
                MeasuredDaemon.start(database, INCREMENTAL_QUIET_PERIOD, InProcessContender.LONGEST_MILLIS + "ms"));
    }

    /** As {@link #startIncremental}, with a session that is told of every change of every view. */
    static Contender startNotifying(BenchDatabase database) throws Exception {
        MeasuredDaemon.convert(database, database.incrementalViews());
        MeasuredDaemon daemon = MeasuredDaemon.start(
                database, INCREMENTAL_QUIET_PERIOD, InProcessContender.LONGEST_MILLIS + "ms, notify: true");
        try {
            return new RefreshdContender(database, daemon, Optional.of(new BenchListener(database)));
        } catch (SQLException e) {
            daemon.close();
            throw e;
        }
    }

    @Override
    public void begin() throws Exception {
        Waiting.until(
                "views are fresh at first",
                () -> database.query("SELECT count(*) FROM refreshd.view_state WHERE marked > covered")
                        .getFirst()
                        .equals("0"));
        before = database.query("SELECT coalesce(max(id), 0) FROM refreshd.refresh_history")
                .getFirst();
        avoidedBefore = daemon.avoided();
        cpuBefore = Procfs.cpuSeconds(daemon.pid());
    }

    @Override
    public Map<String, Refreshes.Count> refreshes() throws SQLException {
        Map<String, Refreshes.Count> counts = new HashMap<>();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("""
                        SELECT view_name, count(*), count(*) FILTER (WHERE rows_changed > 0)
                        FROM refreshd.refresh_history WHERE outcome = 'refreshed' AND id > %s
                        GROUP BY view_name""".formatted(before))) {
            while (rows.next()) {
                counts.put(rows.getString(1), new Refreshes.Count(rows.getLong(2), rows.getLong(3)));
            }
        }
        return counts;
    }

    @Override
    public Map<String, Long> avoided() throws IOException {
        Map<String, Long> avoided = new TreeMap<>(daemon.avoided());
        avoidedBefore.forEach((reason, count) -> avoided.merge(reason, -count, Long::sum));
        return avoided;
    }

    @Override
    public double cpuSeconds() {
        return Procfs.cpuSeconds(daemon.pid()) - cpuBefore;
    }

    @Override
    public OptionalLong pid() {
        return OptionalLong.of(daemon.pid());
    }

    @Override
    public void close() throws SQLException {
        if (listener.isPresent()) {
            System.out.println("messages heard: " + listener.get().heard());
            listener.get().close();
        }
        daemon.close();
    }
}
