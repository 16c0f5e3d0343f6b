package io.refreshd.bench;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * What a round of one incremental view costs by the number of rows that changed, beside {@code REFRESH MATERIALIZED VIEW CONCURRENTLY} of a
 * materialized view with the same query, and beside a table that pg_ivm maintains where the server has it, in turn.
 *
 * <p>The round's duration is the daemon's own, from its history: from the first statement to the commit. The log is what the server wrote
 * between the commit of the change and freshness, with the ledger's rows and heartbeats.
 *
 * <p>pg_ivm works in the writer's statement. So it has copies of the tables, and what it takes and logs is how much more the same change of
 * these does.
 */
final class IncrementalCost {
    /** pg_ivm wants the columns of an outer join's condition to be shown. @param schema of the tables, with its dot */
    private static String query(String schema) {
        return "SELECT m.id, m.title, m.amount, d.id AS detail, d.body FROM %1$smain m LEFT JOIN %1$sdetails d ON d.id = m.id"
                .formatted(schema);
    }

    /** Rounds that are not counted: a daemon runs for long, and its first rounds look at plans and run code that is not compiled. */
    private static final int WARM_UP = 200;

    private static final String REFRESH = "REFRESH MATERIALIZED VIEW CONCURRENTLY bare.sales";

    /** Takes a figure. */
    interface Notes {
        void note(String group, String name, Object value);
    }

    /**
     * Seconds and bytes of log.
     *
     * @param seconds of what keeps the view, unless the writer's statement does
     * @param writing the writer's statement
     */
    private record Cost(double seconds, double log, double writing, double writingLog) {}

    private final BenchDatabase database;
    private final Options options;
    private final Notes notes;

    IncrementalCost(BenchDatabase database, Options options, Notes notes) {
        this.database = database;
        this.options = options;
        this.notes = notes;
    }

    void run(int rows) throws Exception {
        database.layOut(Layout.ofRoles(rows, 1));
        database.reset();
        database.execute(
                "DROP MATERIALIZED VIEW role_0",
                "CREATE MATERIALIZED VIEW sales AS " + query("public."),
                "CREATE UNIQUE INDEX ON sales (id)",
                // A schema that the daemon does not manage.
                "CREATE SCHEMA bare",
                "CREATE MATERIALIZED VIEW bare.sales AS " + query("public."),
                "CREATE UNIQUE INDEX ON bare.sales (id)");
        boolean beside = database.offers(PgIvmContender.EXTENSION);
        if (beside) {
            maintainedTable();
        }
        database.execute("VACUUM ANALYZE");
        MeasuredDaemon.convert(database, List.of("sales"));
        List<List<String>> table = new ArrayList<>();
        try (MeasuredDaemon daemon = MeasuredDaemon.start(database, RefreshdContender.INCREMENTAL_QUIET_PERIOD, "1s");
                Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("SET jit = off");
            for (int round = 1; round <= WARM_UP; round++) {
                change(statement, rows, 1, -round);
            }
            for (int changed : List.of(0, 1, 1_000, 10_000)) {
                if (changed <= rows) {
                    table.add(compare(statement, rows, changed, beside));
                }
            }
        }
        notes.note(
                "a view of %,d rows, by how many rows change".formatted(rows),
                "cost",
                new Table(
                        List.of(
                                "rows changed",
                                "round",
                                "REFRESH CONCURRENTLY",
                                "… ÷ round, medians",
                                "writer's statement",
                                "… with pg_ivm",
                                "pg_ivm's part ÷ round, medians",
                                "(writer and pg_ivm) ÷ (writer and round), medians",
                                "log, bytes a row: round, REFRESH, pg_ivm"),
                        table));
    }

    /** A table that pg_ivm maintains, over tables of its own with the same replica identity. */
    private void maintainedTable() throws SQLException {
        database.execute(
                PgIvmContender.preload(database),
                "CREATE EXTENSION pg_ivm",
                "CREATE SCHEMA ivm",
                "CREATE TABLE ivm.main (LIKE main INCLUDING ALL)",
                "ALTER TABLE ivm.main REPLICA IDENTITY FULL",
                "INSERT INTO ivm.main SELECT * FROM main",
                "CREATE TABLE ivm.details (LIKE details INCLUDING ALL)",
                "INSERT INTO ivm.details SELECT * FROM details");
        database.execute("SELECT pgivm.create_immv('ivm.sales', '" + query("ivm.") + "')");
    }

    private List<String> compare(Statement statement, int rows, int changed, boolean beside) throws Exception {
        List<Cost> rounds = new ArrayList<>();
        List<Cost> refreshes = new ArrayList<>();
        List<Cost> maintained = new ArrayList<>();
        for (int repeat = 1; repeat <= Math.max(3, options.repeats()); repeat++) {
            if (beside) {
                maintained.add(maintained(statement, rows, changed, repeat));
            }
            rounds.add(change(statement, rows, changed, repeat));
            refreshes.add(refresh(statement));
        }
        double round = median(rounds, Cost::seconds);
        double writing = median(rounds, Cost::writing);
        Optional<Double> together = beside ? Optional.of(median(maintained, Cost::writing)) : Optional.empty();
        return List.of(
                changed == 0 ? "one that comes and goes" : "%,d".formatted(changed),
                millis(rounds, Cost::seconds) + ", " + last("detail"),
                millis(refreshes, Cost::seconds),
                Report.number(median(refreshes, Cost::seconds) / round),
                millis(rounds, Cost::writing),
                together.isPresent() ? millis(maintained, Cost::writing) : "–",
                together.map(all -> Report.number((all - writing) / round)).orElse("–"),
                together.map(all -> Report.number(all / (writing + round))).orElse("–"),
                bytes(median(rounds, Cost::log), changed) + ", " + bytes(median(refreshes, Cost::log), changed) + ", "
                        + (beside
                                ? bytes(
                                        median(maintained, Cost::writingLog) - median(rounds, Cost::writingLog),
                                        changed)
                                : "–"));
    }

    private static double median(List<Cost> costs, ToDoubleFunction<Cost> value) {
        return sample(costs, value).median();
    }

    private static Sample sample(List<Cost> costs, ToDoubleFunction<Cost> value) {
        return Sample.of(costs.stream().map(value::applyAsDouble).toList());
    }

    private static String millis(List<Cost> costs, ToDoubleFunction<Cost> value) {
        return Table.millis(sample(costs, value));
    }

    /** Of a change of many rows, for each of them. */
    private static String bytes(double log, int changed) {
        return String.format(Locale.ROOT, "%,.0f", log / Math.max(1, changed));
    }

    /** Changes rows that lie all over the table, and waits for the view. @param changed 0: a change that alters nothing */
    private Cost change(Statement statement, int rows, int changed, int repeat) throws SQLException {
        String before = last("id");
        long begin = database.wal();
        double writing = write(statement, "public.", rows, changed, repeat);
        long log = database.wal();
        statement.execute("SELECT refreshd.wait_until_fresh('public.sales', timeout => '600 s')");
        Waiting.until("the round is in the history", () -> !last("id").equals(before));
        return new Cost(
                Double.parseDouble(last("extract(epoch FROM duration)")),
                (double) database.wal() - log,
                writing,
                (double) log - begin);
    }

    /** The same change of tables that pg_ivm watches. */
    private Cost maintained(Statement statement, int rows, int changed, int repeat) throws SQLException {
        long log = database.wal();
        double writing = write(statement, "ivm.", rows, changed, repeat);
        return new Cost(Double.NaN, Double.NaN, writing, (double) database.wal() - log);
    }

    /** @return seconds until it is committed */
    private static double write(Statement statement, String schema, int rows, int changed, int repeat)
            throws SQLException {
        String sql = changed == 0 ? inserted(schema, rows + 1) : spread(schema, rows, rows / changed, repeat);
        long begin = System.nanoTime();
        statement.execute(sql);
        return (System.nanoTime() - begin) / 1e9;
    }

    /** A row that is there for a moment only: its key has to be recomputed. */
    private static String inserted(String schema, int id) {
        return "DO $$ BEGIN INSERT INTO %1$smain VALUES (%2$d, 0, '', 0); DELETE FROM %1$smain WHERE id = %2$d; END $$"
                .formatted(schema, id);
    }

    /** One row of each so many. */
    private static String spread(String schema, int rows, int apart, int repeat) {
        return "UPDATE %smain SET title = title || '.' WHERE id IN (SELECT generate_series(%d, %d, %d))"
                .formatted(schema, 1 + Math.floorMod(repeat, apart), rows, apart);
    }

    private Cost refresh(Statement statement) throws SQLException {
        long log = database.wal();
        long begin = System.nanoTime();
        statement.execute(REFRESH);
        return new Cost((System.nanoTime() - begin) / 1e9, (double) database.wal() - log, Double.NaN, Double.NaN);
    }

    private String last(String column) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT " + column
                        + " FROM refreshd.refresh_history WHERE view_name = 'sales' ORDER BY id DESC LIMIT 1")) {
            return row.next() ? String.valueOf(row.getString(1)) : "";
        }
    }
}
