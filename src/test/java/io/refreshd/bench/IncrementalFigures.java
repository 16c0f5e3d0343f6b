package io.refreshd.bench;

import io.refreshd.bench.Load.Workload;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** What incremental views cost and how soon they show a change, beside materialized views in the same run. */
final class IncrementalFigures {
    private static final int ROWS = Integer.getInteger("bench.incremental.rows", 1_000_000);
    private static final int VIEWS = 10;

    private final BenchDatabase database;
    private final Options options;
    private final Map<String, Object> results;

    IncrementalFigures(BenchDatabase database, Options options, Map<String, Object> results) {
        this.database = database;
        this.options = options;
        this.results = results;
    }

    /** One figure, which may fail alone. */
    record Figure(String name, Work work) {
        interface Work {
            void run() throws Exception;
        }

        void run() throws Exception {
            work.run();
        }
    }

    /** Those of {@code -Dbench.incremental}; all by default. */
    List<Figure> chosen() {
        List<Figure> all = all();
        String wanted = System.getProperty(
                "bench.incremental", all.stream().map(Figure::name).collect(Collectors.joining(",")));
        return Arrays.stream(wanted.split(","))
                .map(name -> all.stream()
                        .filter(figure -> figure.name().equals(name))
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException("-Dbench.incremental: there is no \"" + name
                                + "\"; docs/BENCHMARKS.md lists what there is")))
                .toList();
    }

    private List<Figure> all() {
        return List.of(
                new Figure("cost", () -> new IncrementalCost(database, options, this::note).run(ROWS)),
                new Figure("groups", () -> new IncrementalGroups(database, options, this::note).run(ROWS)),
                new Figure("ways", () -> new IncrementalWays(database, options, this::note).run()),
                new Figure("many-views", () -> new IncrementalRoles(database, this::note).run()),
                new Figure("lag", () -> lag("1,000 commits/s, each of a row that one of 10 views shows", "shown-1000")),
                new Figure(
                        "lag-max",
                        () -> lag("writers at full speed, half of the changes in one of 10 views", "update-max")),
                new Figure("writers", this::writers));
    }

    /** Beside incremental views, materialized views, and the tables of pg_ivm where the server has it. */
    private void writers() throws Exception {
        boolean beside = database.offers(PgIvmContender.EXTENSION);
        List<List<String>> rows = new ArrayList<>();
        for (int views : beside ? List.of(1, VIEWS) : List.of(VIEWS)) {
            List<String> row = new ArrayList<>(List.of(views + (views == 1 ? " view" : " views")));
            for (String contender : List.of("incremental", "refreshd", PgIvmContender.EXTENSION)) {
                row.add(contender.equals(PgIvmContender.EXTENSION) && !beside ? "–" : kept(views, contender));
            }
            rows.add(row);
        }
        note(
                "writers at full speed over %,d rows, half of the changes in a view".formatted(ROWS),
                "commits/s ÷ those beside a bare reader",
                new Table(List.of("", "incremental", "materialized, refreshed by refreshd", "pg_ivm"), rows));
    }

    private String kept(int views, String contender) throws Exception {
        return new WriterThroughput(database, options, results)
                .run(
                        "writers at full speed, half of the changes in one of %d views over %,d rows, %s"
                                .formatted(
                                        views,
                                        ROWS,
                                        switch (contender) {
                                            case "refreshd" -> "materialized views";
                                            case "incremental" -> "incremental views";
                                            default -> contender;
                                        }),
                        Layout.ofRoles(ROWS, views),
                        Workload.parse("update-max"),
                        contender)
                .cell();
    }

    /** Commit to visible of one row, quiet period included. */
    private void lag(String beside, String workload) throws Exception {
        database.layOut(Layout.ofRoles(ROWS, VIEWS));
        database.reset();
        String title = "incremental views over %,d rows, commit to visible beside %s".formatted(ROWS, beside);
        double machine = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        try (Contender daemon = RefreshdContender.startIncremental(database)) {
            daemon.begin();
            try (Load load = new Load(database, Workload.parse(workload), AfterWrite.NOTHING, options.seed());
                    LatencyProbe probe = new LatencyProbe(database, AfterWrite.NOTHING, options.seed(), 25, 50)) {
                load.start();
                TimeUnit.SECONDS.sleep(options.seconds());
                probe.start();
                probe.awaitWritten(options.probes() / 4);
                probe.stopWriting();
                load.stop();
                probe.settle(30);
                Waiting.until("views equal their definitions", new SettleCondition(database, 2)::isMet);
                note(title, "lag", probe.lags());
                note(title, "commits per second reached", String.format(Locale.ROOT, "%.0f", load.commitsPerSecond()));
                note(title, "load of the machine before", String.format(Locale.ROOT, "%.1f", machine));
                note(title, "refreshes", rounds());
            }
        }
    }

    private String rounds() throws Exception {
        return database.query("""
                SELECT coalesce(string_agg(n || ' ' || kind, ', '), 'none') FROM (
                  SELECT count(*) AS n, CASE WHEN detail LIKE 'everything%' THEN regexp_replace(detail, '[0-9]+', 'N', 'g')
                                             ELSE 'by keys' END AS kind
                    FROM refreshd.refresh_history WHERE outcome = 'refreshed' AND method = 'incremental'
                   GROUP BY 2 ORDER BY 1 DESC) t""").getFirst();
    }

    private void note(String group, String name, Object value) {
        String text = switch (value) {
            case Sample sample -> sample.millis();
            case Table table -> "\n" + table.markdown();
            default -> value.toString();
        };
        System.out.printf("%s: %s: %s%n", group, name, text);
        results.put(group + ": " + name, value);
    }
}
