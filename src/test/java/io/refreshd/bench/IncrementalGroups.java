package io.refreshd.bench;

import io.refreshd.refresh.PostgresRefresher;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * What a round of one changed row costs where a view has three groups: brought up to date from their totals, and recomputed from all their
 * rows, in turn; beside {@code REFRESH MATERIALIZED VIEW CONCURRENTLY} of the same query.
 *
 * <p>The rounds are those of the daemon's own classes in this process. For the second way the totals are taken out of the ledger. Processor time
 * is that of all processes of the server, the writer's statement and the decoding of the log among them.
 */
final class IncrementalGroups {
    private static final String QUERY =
            "SELECT role, count(*) AS n, count(seen) AS seen, sum(amount) AS amount, avg(amount) AS mean, max(seen) AS last"
                    + " FROM account GROUP BY role";
    private static final String REFRESH = "REFRESH MATERIALIZED VIEW CONCURRENTLY bare.groups";
    private static final int ROUNDS = 50;
    private static final int FEWER = 5;

    private final BenchDatabase database;
    private final Options options;
    private final IncrementalCost.Notes notes;
    private int changed;

    IncrementalGroups(BenchDatabase database, Options options, IncrementalCost.Notes notes) {
        this.database = database;
        this.options = options;
        this.notes = notes;
    }

    void run(int rows) throws Exception {
        database.layOut(Layout.ofRoles(1000, 1));
        database.reset();
        database.execute(
                "DROP MATERIALIZED VIEW role_0",
                "CREATE TABLE account (id bigint PRIMARY KEY, role text NOT NULL, amount numeric NOT NULL, seen timestamptz)",
                "INSERT INTO account SELECT n, (ARRAY['admin', 'member', 'guest'])[n % 3 + 1], n % 1000 + 0.25,"
                        + " timestamptz '2026-01-01 UTC' + n * interval '1 second' FROM generate_series(1, " + rows
                        + ") n",
                "CREATE INDEX ON account (role)",
                "CREATE MATERIALIZED VIEW by_totals AS " + QUERY,
                "CREATE MATERIALIZED VIEW by_rows AS " + QUERY,
                "CREATE SCHEMA bare",
                "CREATE MATERIALIZED VIEW bare.groups AS " + QUERY,
                "CREATE UNIQUE INDEX ON bare.groups (role)");
        MeasuredDaemon.convert(database, List.of("by_totals", "by_rows"));
        database.execute(
                "DELETE FROM refreshd.incremental_map WHERE shown IS NOT NULL AND view_oid = 'by_rows'::regclass",
                "VACUUM ANALYZE");
        List<Cost> totals = new ArrayList<>();
        List<Cost> groups = new ArrayList<>();
        List<Cost> refreshes = new ArrayList<>();
        for (int repeat = 0; repeat < Math.max(3, options.repeats()); repeat++) {
            totals.add(rounds("by_totals", rows, ROUNDS));
            groups.add(rounds("by_rows", rows, FEWER));
            refreshes.add(refresh());
        }
        notes.note(
                "three groups of %,d rows, one changed row".formatted(rows),
                "cost",
                new Table(
                        List.of("", "duration", "processor time of the server", "… ÷ that of totals"),
                        List.of(
                                row("round, from totals", totals, totals),
                                row("round, from all rows of the group", groups, totals),
                                row("REFRESH CONCURRENTLY", refreshes, totals))));
    }

    /** Seconds of a round, or of a refresh. @param cpu processor time of the server */
    private record Cost(double duration, double cpu) {}

    private static List<String> row(String title, List<Cost> costs, List<Cost> totals) {
        Sample cpu = sample(costs, Cost::cpu);
        return List.of(
                title,
                Table.millis(sample(costs, Cost::duration)),
                Table.millis(cpu),
                Report.number(cpu.median() / sample(totals, Cost::cpu).median()));
    }

    private static Sample sample(List<Cost> costs, ToDoubleFunction<Cost> value) {
        return Sample.of(costs.stream().map(value::applyAsDouble).toList());
    }

    /** Rows that lie all over change one after the other, each followed by a round. The first round looks at plans, and is not counted. */
    private Cost rounds(String view, int rows, int number) throws Exception {
        List<Double> seconds = new ArrayList<>();
        try (InProcessRounds rounds = new InProcessRounds(database, view, change(1));
                Connection connection = database.connect();
                Statement writer = connection.createStatement()) {
            PostgresRefresher refresher = rounds.newRefresher();
            rounds.keys(refresher, IntStream.of(1));
            double cpu = database.cpuSeconds();
            for (int i = 0; i < number; i++) {
                changed++;
                int id = (int) (1 + changed * 7919L % rows);
                writer.execute(change(id));
                seconds.add(rounds.keys(refresher, IntStream.of(id)).seconds());
            }
            return new Cost(Sample.of(seconds).median(), (database.cpuSeconds() - cpu) / number);
        }
    }

    private Cost refresh() throws Exception {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            double cpu = database.cpuSeconds();
            long start = System.nanoTime();
            statement.execute(REFRESH);
            double duration = (System.nanoTime() - start) / 1e9;
            return new Cost(duration, database.cpuSeconds() - cpu);
        }
    }

    private static String change(int id) {
        return "UPDATE account SET amount = amount + 1 WHERE id = " + id;
    }
}
