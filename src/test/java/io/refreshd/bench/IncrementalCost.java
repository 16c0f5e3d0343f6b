package io.refreshd.bench;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a round of one incremental view costs by the number of rows that changed, beside {@code REFRESH MATERIALIZED VIEW CONCURRENTLY} of a
 * materialized view with the same query, in turn.
 *
 * <p>The round's duration is the daemon's own, from its history: from the first statement to the commit. The log is what the server wrote
 * between the commit of the change and freshness, with the ledger's rows and heartbeats.
 */
final class IncrementalCost {
    private static final String QUERY =
            "SELECT m.id, m.title, m.amount, d.body FROM main m LEFT JOIN details d ON d.id = m.id";
    private static final String REFRESH = "REFRESH MATERIALIZED VIEW CONCURRENTLY bare.sales";

    /** Takes a figure. */
    interface Notes {
        void note(String group, String name, Object value);
    }

    /** @param log bytes */
    private record Cost(double seconds, long log) {}

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
                "CREATE MATERIALIZED VIEW sales AS " + QUERY,
                "CREATE UNIQUE INDEX ON sales (id)",
                // A schema that the daemon does not manage.
                "CREATE SCHEMA bare",
                "CREATE MATERIALIZED VIEW bare.sales AS " + QUERY,
                "CREATE UNIQUE INDEX ON bare.sales (id)",
                "VACUUM ANALYZE");
        MeasuredDaemon.convert(database, List.of("sales"));
        try (MeasuredDaemon daemon = MeasuredDaemon.start(database, RefreshdContender.INCREMENTAL_QUIET_PERIOD, "1s");
                Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("SET jit = off");
            change(statement, rows, 1, 0); // its first round looks at the plans
            for (int changed : List.of(0, 1, 1_000, 10_000)) {
                if (changed <= rows) {
                    compare(statement, rows, changed);
                }
            }
        }
    }

    private void compare(Statement statement, int rows, int changed) throws Exception {
        String title = changed == 0
                ? "a change that alters nothing, view of %,d rows".formatted(rows)
                : "%,d changed rows of a view of %,d".formatted(changed, rows);
        List<Cost> rounds = new ArrayList<>();
        List<Cost> refreshes = new ArrayList<>();
        for (int repeat = 1; repeat <= Math.max(3, options.repeats()); repeat++) {
            rounds.add(change(statement, rows, changed, repeat));
            refreshes.add(refresh(statement));
        }
        Sample round = Sample.of(rounds.stream().map(Cost::seconds).toList());
        Sample refresh = Sample.of(refreshes.stream().map(Cost::seconds).toList());
        notes.note(title, "round", round);
        notes.note(title, "REFRESH CONCURRENTLY", refresh);
        notes.note(title, "times cheaper, medians", "%,.0f".formatted(refresh.median() / round.median()));
        notes.note(
                title,
                "log of the round, of REFRESH CONCURRENTLY",
                bytes(rounds, changed) + ", " + bytes(refreshes, changed));
        notes.note(title, "how", last("detail"));
    }

    private static String bytes(List<Cost> costs, int changed) {
        double median = Sample.of(
                        costs.stream().map(cost -> (double) cost.log()).toList())
                .median();
        return changed == 0
                ? String.format(Locale.ROOT, "%,.0f bytes", median)
                : String.format(Locale.ROOT, "%,.0f bytes a row", median / changed);
    }

    /** Changes rows that lie all over the table, and waits for the view. @param changed 0: a change that alters nothing */
    private Cost change(Statement statement, int rows, int changed, int repeat) throws SQLException {
        String before = last("id");
        statement.execute(changed == 0 ? inserted(rows + 1) : spread(rows / changed, repeat));
        long log = database.wal();
        statement.execute("SELECT refreshd.wait_until_fresh('public.sales', timeout => '600 s')");
        Waiting.until("the round is in the history", () -> !last("id").equals(before));
        return new Cost(Double.parseDouble(last("extract(epoch FROM duration)")), database.wal() - log);
    }

    /** A row that is there for a moment only: its key has to be recomputed. */
    private static String inserted(int id) {
        return "DO $$ BEGIN INSERT INTO main VALUES (%1$d, 0, '', 0); DELETE FROM main WHERE id = %1$d; END $$"
                .formatted(id);
    }

    /** One row of each so many. */
    private static String spread(int apart, int repeat) {
        return "UPDATE main SET title = title || '.' WHERE id %% %1$d = %2$d".formatted(apart, repeat % apart);
    }

    private Cost refresh(Statement statement) throws SQLException {
        long log = database.wal();
        long begin = System.nanoTime();
        statement.execute(REFRESH);
        return new Cost((System.nanoTime() - begin) / 1e9, database.wal() - log);
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
