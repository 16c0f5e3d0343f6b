package io.refreshd.bench;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** The tables of one setting: a row for each contender, with the spread of its repeats. */
final class ReportColumns {
    /** @param cell the text for the repeats of one contender */
    record Column(String title, Function<List<Result>, String> cell) {}

    private final Map<String, List<Result>> contenders;
    private final List<Result> nothing;
    private final List<Result> bareReader;

    ReportColumns(Map<String, List<Result>> contenders) {
        this.contenders = contenders;
        this.nothing = contenders.getOrDefault("nothing", List.of());
        this.bareReader = contenders.getOrDefault("bare-reader", List.of());
    }

    List<Column> ratios() {
        return List.of(
                ratio("commits/s ÷ nothing", nothing, Result::commitsPerSecond),
                ratio("commits/s ÷ bare-reader", bareReader, Result::commitsPerSecond),
                ratio("writer p50 ÷ nothing", nothing, r -> r.latency().median()),
                ratio("writer p99 ÷ nothing", nothing, r -> r.latency().quantile(0.99)),
                ratio("server CPU ÷ nothing", nothing, Result::serverCpu),
                ratio("log written ÷ nothing", nothing, Result::wal),
                lag("lag p50 s", 0.5),
                lag("p95 s", 0.95),
                lag("p99 s", 0.99),
                lag("max s", 1),
                new Column("wrong at the end", ReportColumns::wrong));
    }

    List<Column> refreshes() {
        return List.of(
                spread("executed", r -> r.allRefreshes().executed()),
                spread("needed", r -> r.allRefreshes().needed()),
                new Column("executed ÷ needed", rounds -> perNeeded(rounds, Result::allRefreshes)),
                spread("role views: executed", r -> r.roleRefreshes().executed()),
                spread("role views: needed", r -> r.roleRefreshes().needed()),
                new Column("role views: executed ÷ needed", rounds -> perNeeded(rounds, Result::roleRefreshes)),
                new Column("avoided", ReportColumns::avoided));
    }

    List<Column> absolute() {
        return List.of(
                spread("commits/s", Result::commitsPerSecond),
                spread("writer p50 ms", r -> 1000 * r.latency().median()),
                spread("writer p99 ms", r -> 1000 * r.latency().quantile(0.99)),
                spread("server CPU s", Result::serverCpu),
                spread("own CPU s", Result::contenderCpu),
                spread("log written MB", r -> r.wal() / 1e6),
                spread("server peak MB", r -> r.peaks().serverMegabytes()),
                spread("own peak MB", Result::peak),
                spread("log not acknowledged MB", r -> r.peaks().unacknowledged() / 1e6),
                spread("log kept MB", r -> r.peaks().kept() / 1e6),
                spread("changes probed", r -> r.lag().count()),
                spread("not seen", Result::unseen),
                spread("window s", Result::seconds),
                spread("machine load before", Result::load));
    }

    String table(List<Column> columns) {
        StringBuilder text = new StringBuilder("| contender |");
        columns.forEach(column -> text.append(' ').append(column.title()).append(" |"));
        text.append("\n|---|").append("---|".repeat(columns.size())).append('\n');
        contenders.forEach((name, rounds) -> {
            text.append("| ").append(name).append(" |");
            columns.forEach(column ->
                    text.append(' ').append(column.cell().apply(rounds)).append(" |"));
            text.append('\n');
        });
        return text.toString();
    }

    static double median(List<Result> rounds, ToDoubleFunction<Result> value) {
        return middle(Sample.of(rounds.stream().map(value::applyAsDouble).toList()));
    }

    /** The median; of an even number the mean of the two in the middle, since there are few repeats. */
    private static double middle(Sample sample) {
        double[] sorted = sample.sorted();
        int n = sorted.length;
        return n == 0 ? Double.NaN : (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    }

    /** Ratios within each repeat, because the machine may have been slower in another repeat. */
    private static Column ratio(String title, List<Result> bases, ToDoubleFunction<Result> value) {
        return spread(
                title,
                result -> bases.stream()
                        .filter(base -> base.plan().repeat() == result.plan().repeat())
                        .mapToDouble(base -> value.applyAsDouble(result) / value.applyAsDouble(base))
                        .findFirst()
                        .orElse(Double.NaN));
    }

    private static Column spread(String title, ToDoubleFunction<Result> value) {
        return new Column(title, rounds -> spread(rounds, value, Report::number));
    }

    private static Column lag(String title, double share) {
        return new Column(title, rounds -> {
            double window = median(rounds, Result::seconds);
            return spread(
                    rounds,
                    r -> r.lag().quantile(share),
                    seconds -> seconds == Double.POSITIVE_INFINITY
                            ? "> " + Report.number(window)
                            : Report.number(seconds));
        });
    }

    private static String spread(List<Result> rounds, ToDoubleFunction<Result> value, Function<Double, String> shown) {
        Sample sample = Sample.of(rounds.stream().map(value::applyAsDouble).toList());
        String median = shown.apply(middle(sample));
        return rounds.size() < 2 || Double.isNaN(middle(sample)) || sample.min() == sample.max()
                ? median
                : median + " (" + shown.apply(sample.min()) + " … " + shown.apply(sample.max()) + ")";
    }

    /** The ratio over all repeats together: a single repeat may have needed no refresh. */
    private static String perNeeded(List<Result> rounds, Function<Result, Refreshes.Count> count) {
        Refreshes.Count all = Refreshes.Count.sum(rounds.stream().map(count).toList());
        return all.executed() > 0 && all.needed() == 0
                ? all.executed() + " for none"
                : Report.number((double) all.executed() / all.needed());
    }

    private static String avoided(List<Result> rounds) {
        String all = rounds.stream()
                .flatMap(result -> result.avoided().keySet().stream())
                .distinct()
                .sorted()
                .map(reason -> reason + " " + spread(rounds, r -> r.avoided().getOrDefault(reason, 0L), Report::number))
                .collect(Collectors.joining(", "));
        return all.isEmpty() ? "–" : all;
    }

    private static String wrong(List<Result> rounds) {
        return rounds.stream().flatMap(r -> r.wrong().stream()).distinct().collect(Collectors.joining(" "));
    }
}
