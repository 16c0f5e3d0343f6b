package io.refreshd.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A run of the benchmark: one part after the other, with a new report after each. */
final class Run {
    private final BenchDatabase database;
    private final Options options;
    private final Map<String, String> header;
    private final Map<String, Object> figures = new LinkedHashMap<>();
    private final List<Result> results = new ArrayList<>();
    private final Set<String> remarks = new LinkedHashSet<>();
    private final List<String> failures = new ArrayList<>();

    private Run(BenchDatabase database, Options options) throws Exception {
        this.database = database;
        this.options = options;
        this.header = Environment.describe(database);
    }

    /** @throws AssertionError if a part failed; the report contains the rest and the failures */
    static void on(Server server, Options options) throws Exception {
        try (server;
                BenchDatabase database = BenchDatabase.start(server)) {
            Run run = new Run(database, options);
            run.parts();
            if (!run.failures.isEmpty()) {
                throw new AssertionError(String.join("\n", run.failures));
            }
        } finally {
            System.out.println("Report: " + options.report().resolve("report.md"));
        }
    }

    private interface Part {
        void run() throws Exception;
    }

    private void parts() throws IOException {
        part("micro", () -> JmhBenchmarks.run(database, figures));
        for (String figure : Figures.ALL) {
            if (options.parts().contains("figures") && options.figures().contains(figure)) {
                attempt(figure, () -> new Figures(database, options, figures).run(figure));
            }
        }
        part(
                "exact",
                () -> new ExactRouting(database, options, figures)
                        .run(Integer.getInteger("bench.exact.rows", 1_000_000)));
        part("roles", () -> new RoleFigures(database, figures).run());
        part("operating", () -> new OperatingFigures(database, options, figures).run());
        for (IncrementalFigures.Figure figure : new IncrementalFigures(database, options, figures).chosen()) {
            part("incremental", "incremental: " + figure.name(), figure::run);
        }
        part("notify", () -> new NotifyFigure(database, options, figures).run());
        part("fleet", () -> new FleetFigures(figures).run());
        part("topics", () -> new TopicFigures(database, options, figures).run());
        part("contenders", this::contend);
    }

    private void part(String name, Part part) throws IOException {
        part(name, name, part);
    }

    private void part(String name, String what, Part part) throws IOException {
        if (options.parts().contains(name)) {
            attempt(what, part);
        }
    }

    /** Runs one part and writes the report. A failure does not end the run, since the other parts take long. */
    private void attempt(String what, Part part) throws IOException {
        long begin = System.nanoTime();
        try {
            part.run();
        } catch (Exception | AssertionError e) {
            e.printStackTrace();
            failures.add("FAILED: " + what + ": " + e);
        }
        System.out.printf(
                "%s took %d s%n",
                what, Duration.ofNanos(System.nanoTime() - begin).toSeconds());
        remarks.addAll(database.remarks());
        List<String> notes = new ArrayList<>(remarks);
        notes.addAll(failures);
        new Report(options, header, figures, results, notes).write();
    }

    private void contend() throws Exception {
        boolean warmedUp = false;
        String laidOut = "";
        for (int wanted : options.rows()) {
            for (int views : options.views()) {
                // Workloads that need other data come last, so that the data are built once for all others.
                List<String> workloads = new ArrayList<>(options.workloads());
                workloads.sort((one, other) ->
                        Integer.compare(Round.rows(one, wanted, views), Round.rows(other, wanted, views)));
                for (String workload : workloads) {
                    int rows = Round.rows(workload, wanted, views);
                    if (!laidOut.equals(rows + " " + views)) {
                        database.layOut(Layout.mixed(rows, views));
                        laidOut = rows + " " + views;
                    }
                    if (!warmedUp) {
                        // The first round would find all caches empty.
                        new Round(database, options, new Result.Plan(workload, "nothing", 0, rows, views)).warmUp();
                        warmedUp = true;
                    }
                    repeat(workload, rows, views);
                }
            }
        }
    }

    /** Runs repeat by repeat, each in another order, so that a slow minute of the machine does not hit one contender alone. */
    private void repeat(String workload, int rows, int views) throws Exception {
        List<String> order = new ArrayList<>(options.contenders());
        if (order.contains(PgIvmContender.EXTENSION) && !database.offers(PgIvmContender.EXTENSION)) {
            order.remove(PgIvmContender.EXTENSION);
            remarks.add("pg_ivm was left out: pg_available_extensions of the server does not name it.");
        }
        for (int repeat = 1; repeat <= options.repeats(); repeat++) {
            for (String contender : order) {
                Result.Plan plan = new Result.Plan(workload, contender, repeat, rows, views);
                attempt(plan.toString(), () -> {
                    Result result = new Round(database, options, plan).run();
                    results.add(result);
                    System.out.printf(
                            "%s: lag %s; %s commits/s; refreshes %s; wrong %s%n",
                            plan,
                            result.lag().millis(),
                            Report.number(result.commitsPerSecond()),
                            result.allRefreshes(),
                            result.wrong());
                });
            }
            Collections.rotate(order, 1 + order.size() / Math.max(2, options.repeats()));
        }
    }
}
