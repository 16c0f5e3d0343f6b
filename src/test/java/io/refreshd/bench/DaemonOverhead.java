package io.refreshd.bench;

import io.refreshd.bench.Load.Workload;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The cost of the daemon for the server besides refreshes: its own transactions, and the log that is kept for its slot. */
final class DaemonOverhead {
    private static final String GROUP = "upkeep";
    private static final int SECONDS = 20;
    private static final int LONG_REFRESH = 60;
    /** pg_stat_database shows the transactions of a session up to a second late. */
    private static final long COUNTED_MILLIS = 1_500;

    private final BenchDatabase database;
    private final Options options;
    private final Map<String, Object> results;

    DaemonOverhead(BenchDatabase database, Options options, Map<String, Object> results) {
        this.database = database;
        this.options = options;
        this.results = results;
    }

    void run() throws Exception {
        database.reset();
        try (MeasuredDaemon daemon = MeasuredDaemon.start(database, "100ms", "5s")) {
            transactions("idle", 0);
            transactions("100 commits/s that concern the views", 100);
        }
        retained();
    }

    private record Count(double transactions, double writing, double refreshes) {
        static Count of(Statement statement) throws SQLException {
            try (ResultSet row = statement.executeQuery("""
                    SELECT xact_commit + xact_rollback, pg_current_xact_id()::text::bigint,
                           (SELECT sum(refreshes) FROM refreshd.view_state)
                    FROM pg_stat_database WHERE datname = current_database()""")) {
                row.next();
                return new Count(row.getDouble(1), row.getDouble(2), row.getDouble(3));
            }
        }
    }

    /** Counts all transactions in the database, less those of the writers. */
    private void transactions(String title, int commitsPerSecond) throws Exception {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            TimeUnit.MILLISECONDS.sleep(COUNTED_MILLIS);
            Count before = Count.of(statement);
            double written = 0;
            long began = System.nanoTime();
            if (commitsPerSecond > 0) {
                try (Load load = new Load(
                        database, new Workload("update", commitsPerSecond), AfterWrite.NOTHING, options.seed())) {
                    load.start();
                    TimeUnit.SECONDS.sleep(SECONDS);
                    load.stop();
                    written = load.latencies().count();
                }
            } else {
                TimeUnit.SECONDS.sleep(SECONDS);
            }
            TimeUnit.MILLISECONDS.sleep(COUNTED_MILLIS);
            double seconds = (System.nanoTime() - began) / 1e9;
            Count after = Count.of(statement);
            note(
                    "transactions of its own, " + title,
                    String.format(
                            Locale.ROOT,
                            "%.1f/s, of which %.1f/s write; refreshes among them: %.1f/s",
                            (after.transactions() - before.transactions() - written) / seconds,
                            (after.writing() - before.writing() - written) / seconds,
                            (after.refreshes() - before.refreshes()) / seconds));
        }
    }

    /**
     * The log that is kept during a refresh of one minute beside writers. Acknowledging goes on; what decoding may need
     * stays.
     */
    private void retained() throws Exception {
        database.reset();
        database.execute(
                "CREATE MATERIALIZED VIEW slow AS SELECT id, title FROM main"
                        + " WHERE id = 1 AND (title <> 'slow' OR pg_sleep(" + LONG_REFRESH + ") IS NOT NULL)",
                "CREATE UNIQUE INDEX ON slow (id)");
        try (MeasuredDaemon daemon = MeasuredDaemon.start(database, "100ms", "5s");
                Load load = new Load(database, new Workload("note", 1_000), AfterWrite.NOTHING, options.seed());
                Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            load.start();
            database.execute("UPDATE main SET title = 'slow' WHERE id = 1");
            Waiting.until(
                    "the slow refresh runs", () -> !refreshingSince(statement).isEmpty());
            // Another refresh follows at once, because the daemon refreshes a view with a volatile function by time.
            String first = refreshingSince(statement);
            double begin = database.wal();
            double unacknowledged = 0;
            double kept = 0;
            while (refreshingSince(statement).equals(first)) {
                try (ResultSet row = statement.executeQuery("""
                        SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn),
                               pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)
                        FROM pg_replication_slots WHERE slot_name = '%s'""".formatted(database.slot()))) {
                    row.next();
                    unacknowledged = Math.max(unacknowledged, row.getDouble(1));
                    kept = Math.max(kept, row.getDouble(2));
                }
                TimeUnit.MILLISECONDS.sleep(200);
            }
            double written = database.wal() - begin;
            note(
                    "log during a refresh of " + LONG_REFRESH + " s beside 1,000 commits/s",
                    String.format(
                            Locale.ROOT,
                            "written %.1f MB; not acknowledged at most %.2f MB; kept by the server at most %.1f MB",
                            written / 1e6,
                            unacknowledged / 1e6,
                            kept / 1e6));
        }
    }

    /** The start of the slow refresh; empty while there is none. */
    private static String refreshingSince(Statement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery(
                "SELECT query_start::text FROM pg_stat_activity"
                        + " WHERE query LIKE '%REFRESH MATERIALIZED%slow%' AND pid <> pg_backend_pid() AND state = 'active' AND datname = current_database()")) {
            return row.next() ? row.getString(1) : "";
        }
    }

    private void note(String name, String value) {
        System.out.printf("%s: %s: %s%n", GROUP, name, value);
        results.put(GROUP + ": " + name, value);
    }
}
