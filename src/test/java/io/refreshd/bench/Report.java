package io.refreshd.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** Writes what was measured: Markdown for people, JSON for programs, charts. Ratios first. */
final class Report {
    private final Options options;
    private final Map<String, String> machine;
    private final Map<String, Object> figures;
    private final List<Result> results;
    private final List<String> skipped;
    private final StringBuilder text = new StringBuilder();

    Report(
            Options options,
            Map<String, String> machine,
            Map<String, Object> figures,
            List<Result> results,
            List<String> skipped) {
        this.options = options;
        this.machine = machine;
        this.figures = figures;
        this.results = results;
        this.skipped = skipped;
    }

    void write() throws IOException {
        Path folder = Files.createDirectories(options.report());
        line("# refreshd, measured");
        line("");
        machine.forEach((name, value) -> line("- %s: %s", name, value));
        line(
                "- seed %d, %d rows, %d role views and 3 others, %d s per round, %d repeat(s)",
                options.seed(), options.rows(), options.views(), options.seconds(), options.repeats());
        line("");
        if (!figures.isEmpty()) {
            line("## The daemon's own figures");
            line("");
            figures.forEach((name, value) ->
                    line("- %s: **%s**", name, value instanceof Sample sample ? sample.millis() : value));
            line("");
        }
        Map<String, Map<String, List<Result>>> byWorkload = results.stream()
                .collect(Collectors.groupingBy(
                        Result::workload,
                        LinkedHashMap::new,
                        Collectors.groupingBy(Result::contender, LinkedHashMap::new, Collectors.toList())));
        for (Map.Entry<String, Map<String, List<Result>>> entry : byWorkload.entrySet()) {
            workload(folder, entry.getKey(), entry.getValue());
        }
        skipped.forEach(Report.this::line);
        Files.writeString(folder.resolve("report.md"), text);
        json(folder.resolve("report.json"));
    }

    private void workload(Path folder, String workload, Map<String, List<Result>> contenders) throws IOException {
        List<Result> base = contenders.getOrDefault("nothing", List.of());
        line("## %s", workload);
        line("");
        line("Median of the repeats; in brackets the least and the greatest, where there are several.");
        line("");
        line("| contender | writers ÷ nothing | CPU of the server ÷ nothing | executed ÷ needed | lag p50 | lag p95"
                + " | lag p99 | lag max | not seen | wrong at the end |");
        line("|---|---|---|---|---|---|---|---|---|---|");
        contenders.forEach((name, rounds) -> line(
                "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |",
                name,
                spread(rounds, r -> r.commitsPerSecond() / median(base, Result::commitsPerSecond)),
                spread(rounds, r -> r.serverCpu() / median(base, Result::serverCpu)),
                spread(
                        rounds,
                        r -> (double) r.refreshes().executed() / r.refreshes().needed()),
                spread(rounds, r -> r.lag().quantile(0.5)),
                spread(rounds, r -> r.lag().quantile(0.95)),
                spread(rounds, r -> r.lag().quantile(0.99)),
                spread(rounds, r -> r.lag().max()),
                spread(rounds, Result::unseen),
                rounds.stream().flatMap(r -> r.wrong().stream()).distinct().collect(Collectors.joining(" "))));
        line("");
        line(
                "| contender | commits/s | writer p50 ms | writer p99 ms | refreshes | that changed something | server CPU s"
                        + " | own CPU s | log written MB | peak resident MB | log held back MB |");
        line("|---|---|---|---|---|---|---|---|---|---|---|");
        contenders.forEach((name, rounds) -> line(
                "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |",
                name,
                spread(rounds, Result::commitsPerSecond),
                spread(rounds, r -> 1000 * r.latency().median()),
                spread(rounds, r -> 1000 * r.latency().quantile(0.99)),
                spread(rounds, r -> r.refreshes().executed()),
                spread(rounds, r -> r.refreshes().needed()),
                spread(rounds, Result::serverCpu),
                spread(rounds, Result::contenderCpu),
                spread(rounds, r -> r.wal() / 1e6),
                spread(rounds, Result::peak),
                spread(rounds, r -> r.retained() / 1e6)));
        line("");
        Map<String, List<double[]>> lags = new LinkedHashMap<>();
        Map<String, double[]> writers = new LinkedHashMap<>();
        Map<String, double[]> refreshes = new LinkedHashMap<>();
        contenders.forEach((name, rounds) -> {
            writers.put(name, new double[] {median(rounds, Result::commitsPerSecond)});
            if (!name.equals("nothing")) {
                lags.put(name, rounds.getFirst().timeline());
                refreshes.put(name, new double[] {
                    median(rounds, r -> r.refreshes().executed()),
                    median(rounds, r -> r.refreshes().needed())
                });
            }
        });
        chart(folder, "lag-" + workload, Svg.lags("Commit to visible, " + workload, lags));
        if (contenders.values().stream()
                .flatMap(List::stream)
                .anyMatch(r -> r.latency().count() > 0)) {
            chart(
                    folder,
                    "writers-" + workload,
                    Svg.bars("Writers, commits/s, " + workload, List.of("commits/s"), writers));
        }
        chart(
                folder,
                "refreshes-" + workload,
                Svg.bars("Refreshes, " + workload, List.of("executed", "changed something"), refreshes));
        line("");
    }

    private void chart(Path folder, String name, String svg) throws IOException {
        Files.writeString(folder.resolve(name + ".svg"), svg);
        line("![%s](%s.svg)", name, name);
    }

    private void line(String format, Object... values) {
        text.append(values.length == 0 ? format : String.format(Locale.ROOT, format, values))
                .append('\n');
    }

    private static double median(List<Result> rounds, ToDoubleFunction<Result> value) {
        return Sample.of(rounds.stream().map(value::applyAsDouble).toList()).median();
    }

    private static String spread(List<Result> rounds, ToDoubleFunction<Result> value) {
        Sample sample = Sample.of(rounds.stream().map(value::applyAsDouble).toList());
        return rounds.size() < 2 || !Double.isFinite(sample.median())
                ? number(sample.median())
                : number(sample.median()) + " (" + number(sample.min()) + " … " + number(sample.max()) + ")";
    }

    static String number(double value) {
        if (!Double.isFinite(value)) {
            return "–";
        }
        double size = Math.abs(value);
        return String.format(
                Locale.ROOT,
                size >= 100 || value == Math.rint(value) ? "%.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f",
                value);
    }

    private void json(Path file) throws IOException {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("machine", machine);
        all.put("options", options.toString());
        Map<String, Object> own = new LinkedHashMap<>();
        figures.forEach((name, value) -> own.put(name, value instanceof Sample sample ? quantiles(sample) : value));
        all.put("figures", own);
        List<Map<String, Object>> rounds = new ArrayList<>();
        for (Result r : results) {
            Map<String, Object> round = new LinkedHashMap<>();
            round.put("workload", r.workload());
            round.put("contender", r.contender());
            round.put("repeat", r.repeat());
            round.put("lag", quantiles(r.lag()));
            round.put("unseen", r.unseen());
            round.put("timeline", r.timeline());
            round.put("commitsPerSecond", finite(r.commitsPerSecond()));
            round.put("latency", quantiles(r.latency()));
            round.put("refreshesExecuted", r.refreshes().executed());
            round.put("refreshesNeeded", r.refreshes().needed());
            round.put("serverCpuSeconds", r.serverCpu());
            round.put("contenderCpuSeconds", r.contenderCpu());
            round.put("walBytes", r.wal());
            round.put("peakMegabytes", finite(r.peak()));
            round.put("retainedBytes", finite(r.retained()));
            round.put("wrongViews", r.wrong());
            rounds.add(round);
        }
        all.put("rounds", rounds);
        new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(file.toFile(), all);
    }

    private static Map<String, Object> quantiles(Sample sample) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("n", sample.count());
        for (double share : new double[] {0.5, 0.95, 0.99, 1}) {
            all.put("p" + number(100 * share), finite(sample.quantile(share)));
        }
        return all;
    }

    private static Object finite(double value) {
        return Double.isFinite(value) ? (Object) value : "none";
    }
}
