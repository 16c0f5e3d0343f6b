package io.refreshd.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.DoubleStream;

/**
 * The picture of the README: for each way to keep views fresh, how long a commit takes, what it costs the server, and when it is seen.
 * Each value is a point with its number, since the axes are logarithmic; the line through it is the spread.
 */
final class CostPicture {
    private static final int WIDTH = 960;
    private static final int TOP = 118;
    private static final int ROW = 38;
    private static final int LABELS = 210;
    private static final int PANEL = 225;
    private static final int GAP = 20;

    /** The contenders that are shown, in this order, in words. */
    private static final Map<String, String> NAMES = new LinkedHashMap<>();

    static {
        NAMES.put("nothing", "no view kept fresh");
        NAMES.put("inline", "REFRESH in the writer");
        NAMES.put("timer-1", "timer, each second");
        NAMES.put("timer-10", "timer, each 10 seconds");
        NAMES.put("trigger", "trigger and listener");
        NAMES.put("pg_ivm", "pg_ivm");
        NAMES.put("refreshd", "refreshd");
        NAMES.put("incremental", "refreshd, incremental");
    }

    /** A value with its spread. */
    private record Point(double low, double middle, double high, String words) {}

    private final Map<String, List<Result>> contenders;
    private final int seconds;
    private final StringBuilder out = new StringBuilder();
    private final StringBuilder points = new StringBuilder();

    private CostPicture(Map<String, List<Result>> contenders, int seconds) {
        this.contenders = new LinkedHashMap<>();
        NAMES.keySet().stream()
                .filter(contenders::containsKey)
                .forEach(name -> this.contenders.put(name, contenders.get(name)));
        this.seconds = seconds;
    }

    /**
     * @param seconds how long each round wrote
     * @param where version, machine and date, for the last line
     */
    static String svg(Map<String, List<Result>> contenders, int seconds, String title, String where) {
        return new CostPicture(contenders, seconds).draw(title, where);
    }

    private String draw(String title, String where) {
        int height = TOP + ROW * contenders.size() + 54;
        add("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\"", WIDTH, height);
        add(" aria-labelledby=\"title desc\">\n<title id=\"title\">What a commit costs, and when it is seen</title>\n");
        add("<desc id=\"desc\">%s</desc>\n", escape(description()));
        add("<style>\n%s@media (prefers-color-scheme: dark) {\n%s}\n</style>\n", rules(false), rules(true));
        add("<rect class=\"paper\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", WIDTH, height);
        text(24, 36, "heading", "What a commit costs, and when it is seen");
        text(24, 58, "dim", title.replaceFirst("^([a-z]+)-([0-9]+)", "$1, $2 commits/s"));
        panel(0, "The commit itself takes", "median", this::latency);
        panel(1, "Processor time of the server", "for each commit", this::processor);
        panel(2, "Views show it after", "median … 99th percentile", this::lag);
        int row = 0;
        for (String name : contenders.keySet()) {
            int y = TOP + ROW * row++ + ROW / 2;
            if (row % 2 == 1) {
                add(
                        "<rect class=\"band\" x=\"12\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\"/>\n",
                        y - ROW / 2, WIDTH - 24, ROW);
            }
            text(24, y + 5, isOurs(name) ? "ours" : "name", NAMES.get(name));
        }
        out.append(points);
        text(24, height - 20, "dim", where);
        return out.append("</svg>\n").toString();
    }

    private interface Value {
        Point of(List<Result> rounds);
    }

    private void panel(int number, String heading, String what, Value value) {
        double left = LABELS + number * (PANEL + GAP) + 24.0;
        text(left, TOP - 30, "name", heading);
        text(left, TOP - 13, "small", what);
        Map<String, Point> all = new LinkedHashMap<>();
        contenders.forEach((name, rounds) -> all.put(name, value.of(rounds)));
        double least = all.values().stream()
                .flatMapToDouble(point -> DoubleStream.of(point.low()))
                .filter(v -> Double.isFinite(v) && v > 0)
                .min()
                .orElse(1);
        double greatest = all.values().stream()
                .flatMapToDouble(point -> DoubleStream.of(point.middle(), point.high()))
                .filter(Double::isFinite)
                .max()
                .orElse(1);
        int longest = all.values().stream()
                .mapToInt(point -> point.words().length())
                .max()
                .orElse(0);
        double room = PANEL - 24 - 8.2 * longest;
        int row = 0;
        for (Map.Entry<String, Point> entry : all.entrySet()) {
            double y = TOP + ROW * row++ + ROW / 2.0;
            Point point = entry.getValue();
            String style = isOurs(entry.getKey()) ? "ours" : "name";
            if (!Double.isFinite(point.middle())) {
                points.append(String.format(
                        Locale.ROOT,
                        "<text class=\"dim\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
                        left,
                        y + 5,
                        point.words()));
                continue;
            }
            double low = left + room * share(point.low(), least, greatest);
            double middle = left + room * share(point.middle(), least, greatest);
            double high = left + room * share(Math.min(point.high(), greatest), least, greatest);
            points.append(String.format(
                    Locale.ROOT,
                    "<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
                    style,
                    low,
                    high,
                    y,
                    y));
            points.append(String.format(
                    Locale.ROOT, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/>\n", style, middle, y));
            points.append(String.format(
                    Locale.ROOT,
                    "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
                    style,
                    high + 11,
                    y + 5,
                    escape(point.words())));
        }
    }

    /** The place on a logarithmic axis. */
    private static double share(double value, double least, double greatest) {
        return greatest <= least ? 0 : Math.log(Math.max(value, least) / least) / Math.log(greatest / least);
    }

    private Point latency(List<Result> rounds) {
        double middle = ReportColumns.median(rounds, r -> r.latency().median());
        return point(rounds.stream().mapToDouble(r -> r.latency().median()).toArray(), middle);
    }

    /** Of all commits of the writers and of the probe, which commits to the same table. */
    private Point processor(List<Result> rounds) {
        double probes = contenders.values().stream()
                .flatMap(List::stream)
                .mapToInt(result -> result.lag().count())
                .max()
                .orElse(0);
        double[] each = rounds.stream()
                .mapToDouble(r -> r.serverCpu()
                        / (r.commitsPerSecond() * seconds
                                + (r.lag().count() == 0 ? probes : r.lag().count())))
                .toArray();
        double[] sorted = DoubleStream.of(each).sorted().toArray();
        int n = sorted.length;
        return point(each, n == 0 ? Double.NaN : (sorted[(n - 1) / 2] + sorted[n / 2]) / 2);
    }

    private static Point point(double[] each, double middle) {
        return new Point(
                DoubleStream.of(each).min().orElse(Double.NaN),
                middle,
                DoubleStream.of(each).max().orElse(Double.NaN),
                time(middle));
    }

    private Point lag(List<Result> rounds) {
        if (rounds.stream().allMatch(result -> result.lag().count() == 0)) {
            return new Point(Double.NaN, Double.NaN, Double.NaN, "never");
        }
        double middle = ReportColumns.median(rounds, r -> r.lag().median());
        double high = ReportColumns.median(rounds, r -> r.lag().quantile(0.99));
        return new Point(middle, middle, high, time(middle) + " … " + time(high));
    }

    private static boolean isOurs(String name) {
        return name.equals("refreshd") || name.equals("incremental");
    }

    /** Two digits and a unit. */
    static String time(double seconds) {
        if (!Double.isFinite(seconds)) {
            return Double.isNaN(seconds) ? "–" : "not seen";
        }
        double millis = seconds * 1000;
        return millis < 0.995
                ? String.format(Locale.ROOT, "%.2f ms", millis)
                : millis < 9.95
                        ? String.format(Locale.ROOT, "%.1f ms", millis)
                        : millis < 995
                                ? String.format(Locale.ROOT, "%.0f ms", millis)
                                : String.format(Locale.ROOT, "%.1f s", seconds);
    }

    private String description() {
        StringBuilder words = new StringBuilder();
        contenders.forEach((name, rounds) -> words.append(NAMES.get(name))
                .append(": the commit takes ")
                .append(latency(rounds).words())
                .append(", the server's processor time is ")
                .append(processor(rounds).words())
                .append(", seen after: ")
                .append(lag(rounds).words())
                .append(". "));
        return words.toString().strip();
    }

    private static String rules(boolean dark) {
        String text = dark ? "#e6e8eb" : "#1b1f24";
        String dim = dark ? "#9aa4af" : "#57606a";
        String ours = dark ? "#79c0ff" : "#0550ae";
        return "text { font: 14px system-ui, sans-serif; fill: " + text + "; }\n"
                + "text.heading { font-size: 20px; font-weight: 600; }\n"
                + "text.dim, text.small { fill: " + dim
                + "; }\ntext.dim { font-size: 13px; }\ntext.small { font-size: 12px; }\n"
                + "text.ours { fill: " + ours + "; font-weight: 600; }\n"
                + "circle.name { fill: " + dim + "; }\nline.name { stroke: " + dim + "; stroke-width: 2.5; }\n"
                + "circle.ours { fill: " + ours + "; }\nline.ours { stroke: " + ours + "; stroke-width: 2.5; }\n"
                + ".paper { fill: " + (dark ? "#14171b" : "#ffffff") + "; stroke: " + (dark ? "#30363d" : "#d8dee4")
                + "; }\n"
                + ".band { fill: " + (dark ? "#1c2127" : "#f6f8fa") + "; }\n";
    }

    private void text(double x, double y, String style, String words) {
        add("<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", style, x, y, escape(words));
    }

    private void add(String format, Object... values) {
        out.append(String.format(Locale.ROOT, format, values));
    }

    private static String escape(String words) {
        return words.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
    }
}
