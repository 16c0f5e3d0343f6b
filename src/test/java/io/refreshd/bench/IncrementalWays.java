package io.refreshd.bench;

import io.refreshd.refresh.PostgresRefresher;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a round costs by the kind of the query and the part of the view that changed: by keys, of everything, and as a round chooses; beside
 * {@code REFRESH MATERIALIZED VIEW CONCURRENTLY} of the same query, in turn.
 *
 * <p>What chooses has the history of a daemon that has made the view new once and has had small rounds since. It is not told what the
 * forced rounds took.
 */
final class IncrementalWays {
    private static final int ROWS =
            Integer.getInteger("bench.incremental.ways-rows", Boolean.getBoolean("bench.full") ? 100_000 : 20_000);
    private static final int ROWS_OF_GROUP = 10;
    /** One key of so many is changed. */
    private static final List<Integer> APART = List.of(100, 10, 2, 1);

    private static final int ROUNDS_OF_ONE = 20;
    private static final int ROUNDS_OF_HUNDRED = 3;

    /**
     * A view, and how one row behind each of its keys changes.
     *
     * @param key the column that is unique in the view, of {@link #table} too
     * @param table the table whose rows change; @param change what is set; @param condition one row of each key
     */
    private record Shape(
            String title,
            String view,
            String query,
            String key,
            int keys,
            String table,
            String change,
            String condition) {
        static Shape ofRows(String title, String view, String query, String table, String column) {
            return new Shape(title, view, query, "id", ROWS, table, "%s = %s || '.'".formatted(column, column), "true");
        }

        static Shape ofGroups(String title, String view, String query) {
            return new Shape(
                    title,
                    view,
                    query,
                    "role_id",
                    ROWS / ROWS_OF_GROUP,
                    "main",
                    "amount = amount + 1",
                    "id % " + ROWS_OF_GROUP + " = 1");
        }

        String change(String keys) {
            return "UPDATE %s SET %s WHERE %s AND (%s)".formatted(table, change, condition, keys);
        }
    }

    private static final List<Shape> SHAPES = List.of(
            Shape.ofRows("scan", "scanned", "SELECT id, title, amount FROM main", "main", "title"),
            Shape.ofRows(
                    "filter", "filtered", "SELECT id, title, amount FROM main WHERE amount < 900", "main", "title"),
            Shape.ofGroups(
                    "aggregate, groups of " + ROWS_OF_GROUP + " rows",
                    "grouped",
                    "SELECT role_id, count(*) AS n, sum(amount) AS amount, max(title) AS last FROM main GROUP BY role_id"),
            Shape.ofRows(
                    "join of two",
                    "joined",
                    "SELECT m.id, m.title, m.amount, d.body FROM main m JOIN details d ON d.id = m.id",
                    "main",
                    "title"),
            Shape.ofRows(
                    "left join of three, the second changes",
                    "left_joined",
                    "SELECT m.id, m.title, d.body, r.name FROM main m LEFT JOIN details d ON d.id = m.id"
                            + " LEFT JOIN role r ON r.id = m.role_id",
                    "details",
                    "body"),
            Shape.ofGroups(
                    "join of two with aggregate",
                    "joined_groups",
                    "SELECT m.role_id, count(*) AS n, sum(m.amount) AS amount, max(d.body) AS last"
                            + " FROM main m JOIN details d ON d.id = m.id GROUP BY m.role_id"));

    private final BenchDatabase database;
    private final Options options;
    private final IncrementalCost.Notes notes;

    IncrementalWays(BenchDatabase database, Options options, IncrementalCost.Notes notes) {
        this.database = database;
        this.options = options;
        this.notes = notes;
    }

    void run() throws Exception {
        database.layOut(Layout.ofRoles(ROWS, 1));
        database.reset();
        database.execute(
                "DROP MATERIALIZED VIEW role_0",
                "INSERT INTO details SELECT id, 'details of ' || title FROM main WHERE id % 2 = 0",
                "UPDATE main SET role_id = 1 + (id - 1) / " + ROWS_OF_GROUP,
                "CREATE TABLE role AS SELECT DISTINCT role_id AS id, 'role ' || role_id AS name FROM main",
                "ALTER TABLE role ADD PRIMARY KEY (id)",
                "CREATE SCHEMA bare");
        List<List<String>> rows = new ArrayList<>();
        for (Shape shape : SHAPES) {
            database.execute(
                    "CREATE MATERIALIZED VIEW " + shape.view() + " AS " + shape.query(),
                    "CREATE UNIQUE INDEX ON " + shape.view() + " (" + shape.key() + ")",
                    "CREATE MATERIALIZED VIEW bare." + shape.view() + " AS " + shape.query(),
                    "CREATE UNIQUE INDEX ON bare." + shape.view() + " (" + shape.key() + ")");
            MeasuredDaemon.convert(database, List.of(shape.view()));
            database.execute("VACUUM ANALYZE");
            try (InProcessRounds rounds =
                    new InProcessRounds(database, shape.view(), shape.change(shape.key() + " = 1"))) {
                rows.addAll(compare(shape, rounds));
            }
        }
        notes.note(
                "rounds of a view over %,d rows, by the part of its keys that changed".formatted(ROWS),
                "chosen way against the better one, and against REFRESH CONCURRENTLY",
                new Table(
                        List.of(
                                "query",
                                "keys changed",
                                "by keys",
                                "everything",
                                "chosen",
                                "chosen ÷ better, medians (each)",
                                "chosen by keys",
                                "forced likewise ÷ better",
                                "REFRESH CONCURRENTLY",
                                "REFRESH CONCURRENTLY ÷ chosen"),
                        rows));
    }

    private List<List<String>> compare(Shape shape, InProcessRounds rounds) throws Exception {
        PostgresRefresher byKeys = rounds.newRefresher();
        PostgresRefresher everything = rounds.newRefresher();
        PostgresRefresher choosing = rounds.newRefresher();
        // The statements of the first rounds are not prepared, and nothing is compiled yet.
        rounds.everything(everything);
        rounds.keys(byKeys, IntStream.of(1));
        rounds.everything(choosing);
        for (int id = 1; id <= ROUNDS_OF_ONE; id++) {
            database.execute(shape.change(shape.key() + " = " + id));
            rounds.chosen(choosing, IntStream.of(id));
        }
        for (int round = 0; round < ROUNDS_OF_HUNDRED; round++) {
            database.execute(shape.change(shape.key() + " BETWEEN 1 AND 100"));
            rounds.chosen(choosing, IntStream.rangeClosed(1, 100));
        }
        List<List<String>> rows = new ArrayList<>();
        for (int apart : APART) {
            rows.add(compare(shape, rounds, apart, byKeys, everything, choosing));
        }
        return rows;
    }

    private List<String> compare(
            Shape shape,
            InProcessRounds rounds,
            int apart,
            PostgresRefresher byKeys,
            PostgresRefresher everything,
            PostgresRefresher choosing)
            throws Exception {
        List<Double> keysTook = new ArrayList<>();
        List<Double> everythingTook = new ArrayList<>();
        List<Double> chosenTook = new ArrayList<>();
        List<Double> refreshTook = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        int chosenByKeys = 0;
        List<String> order = new ArrayList<>(List.of("keys", "everything", "chosen", "refresh"));
        int repeats = Math.max(3, options.repeats());
        for (int repeat = 0; repeat < repeats; repeat++) {
            int remainder = repeat % apart;
            database.execute("VACUUM " + shape.table(), "VACUUM " + rounds.store(), "VACUUM bare." + shape.view());
            for (String way : order) {
                database.execute(shape.change(shape.key() + " % " + apart + " = " + remainder));
                IntStream ids = IntStream.rangeClosed(1, shape.keys()).filter(id -> id % apart == remainder);
                switch (way) {
                    case "keys" -> keysTook.add(rounds.keys(byKeys, ids).seconds());
                    case "everything" ->
                        everythingTook.add(rounds.everything(everything).seconds());
                    case "refresh" -> refreshTook.add(refresh(shape));
                    default -> {
                        InProcessRounds.Result chosen = rounds.chosen(choosing, ids);
                        chosenTook.add(chosen.seconds());
                        chosenByKeys += chosen.byKeys() ? 1 : 0;
                    }
                }
            }
            ratios.add(chosenTook.getLast() / Math.min(keysTook.getLast(), everythingTook.getLast()));
            Collections.rotate(order, 1);
        }
        Sample keys = Sample.of(keysTook);
        Sample all = Sample.of(everythingTook);
        Sample chosen = Sample.of(chosenTook);
        Sample refresh = Sample.of(refreshTook);
        Sample each = Sample.of(ratios);
        double better = Math.min(keys.median(), all.median());
        double likewise = (chosenByKeys * keys.median() + (repeats - chosenByKeys) * all.median()) / repeats;
        return List.of(
                shape.title(),
                100 / apart + " %",
                Table.millis(keys),
                Table.millis(all),
                Table.millis(chosen),
                "%s (%s … %s)"
                        .formatted(
                                Report.number(chosen.median() / better),
                                Report.number(each.min()),
                                Report.number(each.max())),
                chosenByKeys + " of " + repeats,
                Report.number(likewise / better),
                Table.millis(refresh),
                Report.number(refresh.median() / chosen.median()));
    }

    private double refresh(Shape shape) throws Exception {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            long start = System.nanoTime();
            statement.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY bare." + shape.view());
            return (System.nanoTime() - start) / 1e9;
        }
    }
}
