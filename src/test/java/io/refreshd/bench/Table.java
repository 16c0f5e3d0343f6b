package io.refreshd.bench;

import java.util.List;
import java.util.Locale;

/** A figure with several values for each of several cases. The report writes it as docs/BENCHMARKS.md shows it. */
record Table(List<String> head, List<List<String>> rows) {
    Table {
        head = List.copyOf(head);
        rows = List.copyOf(rows);
    }

    String markdown() {
        StringBuilder text =
                new StringBuilder(line(head)).append("|---".repeat(head.size())).append("|\n");
        rows.forEach(row -> text.append(line(row)));
        return text.toString();
    }

    private static String line(List<String> cells) {
        return "| " + String.join(" | ", cells) + " |\n";
    }

    /** The median with the least and the greatest, in milliseconds. */
    static String millis(Sample seconds) {
        return spread(1000, seconds) + " ms";
    }

    /** The median with the least and the greatest. */
    static String spread(double unit, Sample sample) {
        String median = number(unit * sample.median());
        return sample.count() < 2
                ? median
                : "%s (%s … %s)".formatted(median, number(unit * sample.min()), number(unit * sample.max()));
    }

    private static String number(double value) {
        return Math.abs(value) >= 1000 ? String.format(Locale.ROOT, "%,.0f", value) : Report.number(value);
    }
}
