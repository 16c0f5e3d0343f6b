package io.refreshd.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The report of all results so far: Markdown, JSON and charts. */
final class Report {
    private final Options options;
    private final Map<String, String> header;
    private final Map<String, Object> figures;
    private final List<Result> results;
    private final List<String> remarks;
    private final StringBuilder text = new StringBuilder();

    Report(
            Options options,
            Map<String, String> header,
            Map<String, Object> figures,
            List<Result> results,
            List<String> remarks) {
        this.options = options;
        this.header = header;
        this.figures = figures;
        this.results = results;
        this.remarks = remarks;
    }

    void write() throws IOException {
        Path folder = Files.createDirectories(options.report());
        line("# refreshd, measured");
        line("");
        header.forEach((name, value) -> line("- %s: %s", name, value));
        line(
                "- seed %d, %d s of writing per round, %d repeat(s)",
                options.seed(), options.seconds(), options.repeats());
        line("");
        remarks.forEach(remark -> line("**%s**\n", remark.replaceAll("\\s+", " ")));
        figures();
        if (!results.isEmpty()) {
            legend();
        }
        results.stream()
                .collect(
                        Collectors.groupingBy(result -> result.plan().title(), LinkedHashMap::new, Collectors.toList()))
                .forEach((title, rounds) -> {
                    try {
                        setting(folder, title, rounds);
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                });
        replace(folder.resolve("report.md"), text.toString());
        replace(folder.resolve("report.json"), ReportJson.of(options, header, figures, results, remarks));
    }

    /** Replaces the file as a whole, for readers during the run. */
    private static void replace(Path file, String content) throws IOException {
        Path fresh = Files.writeString(file.resolveSibling(file.getFileName() + ".new"), content);
        Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
    }

    private void figures() {
        if (figures.isEmpty()) {
            return;
        }
        line("## The daemon's own figures");
        line("");
        line("| | |");
        line("|---|---|");
        figures.forEach((name, value) -> {
            if (!(value instanceof Table)) {
                line("| %s | %s |", name, value instanceof Sample sample ? sample.millis() : value);
            }
        });
        line("");
        figures.forEach((name, value) -> {
            if (value instanceof Table table) {
                line("**%s**\n", name);
                line("%s", table.markdown());
            }
        });
    }

    private void legend() {
        line("## Contenders");
        line("");
        line(
                "Median of the repeats; in brackets the least and the greatest, where there are several. Every figure but the last"
                        + " is of the same window for all contenders of a setting: writing, and what goes on after it."
                        + " A lag of \"> 10\" means: not seen within a window of 10 s. *Needed* are refreshes that changed at"
                        + " least a row. The role views are without role_0, which the probe changes all the time.");
        line("");
    }

    private void setting(Path folder, String title, List<Result> rounds) throws IOException {
        Map<String, List<Result>> contenders = rounds.stream()
                .sorted((one, other) -> Integer.compare(place(one), place(other)))
                .collect(Collectors.groupingBy(
                        result -> result.plan().contender(), LinkedHashMap::new, Collectors.toList()));
        line("### %s", title);
        line("");
        ReportColumns columns = new ReportColumns(contenders);
        for (List<ReportColumns.Column> table : List.of(columns.ratios(), columns.refreshes(), columns.absolute())) {
            text.append(columns.table(table)).append('\n');
        }
        for (Map.Entry<String, String> chart :
                Charts.of(title, contenders, options.seconds(), where(rounds)).entrySet()) {
            Files.writeString(folder.resolve(chart.getKey() + ".svg"), chart.getValue());
            line("![%s](%s.svg)", chart.getKey(), chart.getKey());
        }
        line("");
    }

    /** What the figures of a picture hold for, if it is shown without the report. */
    private String where(List<Result> rounds) {
        Sample load = Sample.of(rounds.stream().map(Result::load).toList());
        return "refreshd " + header.getOrDefault("refreshd", "").replaceAll("^([0-9a-f]{7})[0-9a-f]+", "$1") + ", "
                + header.getOrDefault("server", "").replaceAll(" on .*", "") + ", "
                + header.getOrDefault("processors", "").replaceAll(" +", " ") + ", load " + number(load.min()) + " to "
                + number(load.max()) + ", "
                + options.repeats() + (options.repeats() == 1 ? " repeat, " : " repeats, ") + LocalDate.now();
    }

    private int place(Result result) {
        return options.contenders().indexOf(result.plan().contender());
    }

    private void line(String format, Object... values) {
        text.append(values.length == 0 ? format : String.format(Locale.ROOT, format, values))
                .append('\n');
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
}
