package io.refreshd.bench;

import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How fast the daemon catches up with a log that was written while it was away: one large transaction, and many small ones.
 *
 * <p>A bare reader drains a slot of its own from the same position for comparison.
 */
final class Drain {
    private static final int ROWS = 300_000;
    private static final int SMALL = 100_000;
    /** So many transactions that the one-time cost of marking a thousand views dirty hardly counts. */
    private static final int LONG = 400_000;

    private static final int MANY = 1_000;
    private static final String DIRTY = "SELECT count(*) FROM refreshd.view_state WHERE marked > covered";
    /** Only the last transaction changes this view: when its mark is durable, all transactions before it have been routed. */
    private static final String LAST = "joined";

    private final BenchDatabase database;
    private final Options options;
    private final Map<String, Object> results;

    Drain(BenchDatabase database, Options options, Map<String, Object> results) {
        this.database = database;
        this.options = options;
        this.results = results;
    }

    private record Drained(double rate, double bare, boolean bareFirst, double peak, String refreshes) {
        String text() {
            return String.format(
                    Locale.ROOT,
                    "ratio %.2f (bare reader%s %,.0f changes/s, daemon %,.0f changes/s until the last mark is durable);"
                            + " peak resident %.0f MB; refreshes: %s",
                    rate / bare,
                    bareFirst ? ", first," : "",
                    bare,
                    rate,
                    peak,
                    refreshes);
        }
    }

    /**
     * The rate for small transactions with many role views, all of them dirty, against the rate with one.
     *
     * <p>The second of a round is faster, so the two take turns and the number of rounds is even.
     */
    void runWithManyViews() throws Exception {
        String title = "drain of %,d transactions of one update with %,d role views ÷ with one".formatted(LONG, MANY);
        double product = 1;
        int rounds = 2 * options.repeats();
        for (int round = 1; round <= rounds; round++) {
            double[] rates = new double[2];
            for (int i = 0; i < 2; i++) {
                boolean many = (i + round) % 2 == 0;
                database.layOut(Layout.mixed(SMALL, many ? MANY : 1));
                rates[many ? 1 : 0] = round(LONG, true, "30s", "60s").rate();
            }
            String text = String.format(
                    Locale.ROOT, "%.2f (%,.0f and %,.0f changes/s)", rates[1] / rates[0], rates[1], rates[0]);
            System.out.printf("%s: round %d: %s%n", title, round, text);
            results.put(title + ": round " + round, text);
            product *= rates[1] / rates[0];
        }
        String mean = String.format(Locale.ROOT, "%.2f", Math.pow(product, 1.0 / rounds));
        System.out.printf("%s: geometric mean: %s%n", title, mean);
        results.put(title + ": geometric mean", mean);
    }

    /**
     * Runs an even number of rounds, since the first reader of a round finds the log in no cache.
     *
     * @param small whether each transaction changes one row
     */
    void run(boolean small) throws Exception {
        database.layOut(Layout.mixed(ROWS, 3));
        String title = small
                ? "drain of %,d transactions of one update, -Xmx128m".formatted(SMALL)
                : "drain of one transaction of %,d updates, -Xmx128m".formatted(ROWS);
        for (int round = 1; round <= 2 * options.repeats(); round++) {
            String text =
                    round(small ? SMALL : 0, round % 2 == 1, "100ms", "5s").text();
            System.out.printf("%s: round %d: %s%n", title, round, text);
            results.put(title + ": round " + round, text);
        }
    }

    /**
     * @param small number of transactions of one row; 0: one transaction of all rows
     * @param quietPeriod with {@code targetLag}: whether refreshes run during the drain or begin after it
     */
    private Drained round(int small, boolean bareFirst, String quietPeriod, String targetLag) throws Exception {
        database.reset();
        try (MeasuredDaemon first = MeasuredDaemon.start(database, "100ms", "5s")) {
            // A daemon that is ready may have dirty views. An old mark would be taken for the one that is waited for.
            Waiting.until("the views of " + first.pid() + " are fresh", this::clean);
        }
        database.execute("SELECT pg_create_logical_replication_slot('bare', 'pgoutput')");
        long updates = write(small);
        double bare = bareFirst ? bare(updates) : 0;
        if (!clean()) {
            throw new IllegalStateException("a view was dirty before the drain began: nothing was measured");
        }
        String before = one("SELECT coalesce(max(id), 0) FROM refreshd.refresh_history");
        String newest = one("SELECT max(marked) FROM refreshd.view_state");
        String marked = "SELECT marked FROM refreshd.view_state WHERE view_name = '" + LAST
                + "' AND marked > greatest(covered, " + newest + ")";
        double seconds;
        double peak;
        try (DrainTimer clock = new DrainTimer(database, marked)) {
            clock.start();
            try (MeasuredDaemon daemon = MeasuredDaemon.start(database, quietPeriod, targetLag)) {
                seconds = clock.seconds();
                Waiting.until("views are fresh", this::clean);
                peak = Procfs.peakMegabytes(daemon.pid());
            }
        }
        String refreshes = one("""
                SELECT string_agg(view_name || ' ' || n, ', ' ORDER BY view_name)
                FROM (SELECT view_name, count(*) AS n FROM refreshd.refresh_history
                      WHERE outcome = 'refreshed' AND id > %s GROUP BY view_name) t""".formatted(before));
        if (!bareFirst) {
            bare = bare(updates);
        }
        return new Drained(updates / seconds, bare, bareFirst, peak, refreshes);
    }

    /** @return number of updates that the slots hold */
    private long write(int small) throws SQLException {
        String change = "UPDATE main SET amount = amount + 1";
        if (small > 0) {
            database.execute(
                    "SET synchronous_commit = off",
                    "DO $$ BEGIN FOR i IN 0..%d LOOP %s WHERE id = 1 + i %% %d; COMMIT; END LOOP; END $$"
                            .formatted(small - 1, change, SMALL));
        } else {
            database.execute(change);
        }
        // Row 1 has role 0, and rows with odd numbers of that role have details.
        database.execute("UPDATE details SET body = body || '!' WHERE id = 1");
        return 1 + (small > 0 ? small : ROWS);
    }

    private double bare(long updates) throws SQLException {
        return BareReader.drain(database, "bare", BenchDatabase.PUBLICATION, updates);
    }

    private boolean clean() throws SQLException {
        return database.query(DIRTY).equals(List.of("0"));
    }

    private String one(String sql) throws SQLException {
        return database.query(sql).getFirst();
    }
}
