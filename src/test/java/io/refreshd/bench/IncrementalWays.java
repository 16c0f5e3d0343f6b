package io.refreshd.bench;

import io.refreshd.refresh.PostgresRefresher;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Whether a round takes the cheaper way: what recomputing the changed keys takes, what everything takes, and what a round takes that
 * chooses, in turn.
 *
 * <p>What chooses has the history of a daemon that has made the view new once and has had small rounds since. It is not told what the
 * forced rounds took.
 */
final class IncrementalWays {
    private static final int ROWS =
            Integer.getInteger("bench.incremental.ways-rows", Boolean.getBoolean("bench.full") ? 100_000 : 20_000);
    /** One row of so many is changed. */
    private static final List<Integer> APART = List.of(100, 10, 2, 1);

    private static final int ROUNDS_OF_ONE = 20;
    private static final int ROUNDS_OF_HUNDRED = 3;

    /** @param table the table whose rows change; @param column of it, which the view shows */
    private record Shape(String title, String view, String query, String table, String column) {
        String change(String condition) {
            return "UPDATE %s SET %s = %s || '.' WHERE %s".formatted(table, column, column, condition);
        }
    }

    private static final List<Shape> SHAPES = List.of(
            new Shape(
                    "one table, filtered",
                    "filtered",
                    "SELECT id, title, amount FROM main WHERE amount < 900",
                    "main",
                    "title"),
            new Shape(
                    "join of two",
                    "joined",
                    "SELECT m.id, m.title, m.amount, d.body FROM main m JOIN details d ON d.id = m.id",
                    "main",
                    "title"),
            new Shape(
                    "left join of three, the second changes",
                    "left_joined",
                    "SELECT m.id, m.title, d.body, r.name FROM main m LEFT JOIN details d ON d.id = m.id"
                            + " LEFT JOIN role r ON r.id = m.role_id",
                    "details",
                    "body"));

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
                "CREATE TABLE role AS SELECT DISTINCT role_id AS id, 'role ' || role_id AS name FROM main",
                "ALTER TABLE role ADD PRIMARY KEY (id)");
        List<List<String>> rows = new ArrayList<>();
        for (Shape shape : SHAPES) {
            database.execute(
                    "CREATE MATERIALIZED VIEW " + shape.view() + " AS " + shape.query(),
                    "CREATE UNIQUE INDEX ON " + shape.view() + " (id)");
            MeasuredDaemon.convert(database, List.of(shape.view()));
            database.execute("VACUUM ANALYZE");
            try (InProcessRounds rounds = new InProcessRounds(database, shape.view(), shape.change("id = 1"))) {
                rows.addAll(compare(shape, rounds));
            }
        }
        notes.note(
                "rounds of a view of %,d rows".formatted(ROWS),
                "chosen way against the better one",
                new Table(
                        List.of(
                                "view",
                                "rows changed",
                                "by keys",
                                "everything",
                                "chosen",
                                "chosen ÷ better, medians (each)",
                                "chosen by keys",
                                "forced likewise ÷ better"),
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
            database.execute(shape.change("id = " + id));
            rounds.chosen(choosing, IntStream.of(id));
        }
        for (int round = 0; round < ROUNDS_OF_HUNDRED; round++) {
            database.execute(shape.change("id <= 100"));
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
        List<Double> ratios = new ArrayList<>();
        int chosenByKeys = 0;
        List<String> order = new ArrayList<>(List.of("keys", "everything", "chosen"));
        int repeats = Math.max(3, options.repeats());
        for (int repeat = 0; repeat < repeats; repeat++) {
            int remainder = repeat % apart;
            database.execute("VACUUM " + shape.table(), "VACUUM " + rounds.store());
            for (String way : order) {
                database.execute(shape.change("id % " + apart + " = " + remainder));
                IntStream ids = IntStream.rangeClosed(1, ROWS).filter(id -> id % apart == remainder);
                switch (way) {
                    case "keys" -> keysTook.add(rounds.keys(byKeys, ids).seconds());
                    case "everything" ->
                        everythingTook.add(rounds.everything(everything).seconds());
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
                Report.number(likewise / better));
    }
}
