package io.refreshd.bench;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Charts as SVG. */
final class Svg {
    private static final List<String> COLOURS =
            List.of("#1b6ca8", "#d1495b", "#66a182", "#edae49", "#7a5195", "#5c5c5c", "#00798c", "#a0522d");
    private static final int WIDTH = 860;
    private static final int HEIGHT = 420;
    private static final int LEFT = 90;
    private static final int RIGHT = 150;
    private static final int TOP = 50;
    private static final int BOTTOM = 50;

    private final StringBuilder text = new StringBuilder();

    private Svg(String title) {
        add(
                "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' font-family='sans-serif' font-size='12'>",
                WIDTH, HEIGHT);
        add("<rect width='%d' height='%d' fill='white'/>", WIDTH, HEIGHT);
        label(LEFT, 25, "start", "font-size='16' font-weight='bold'", title);
    }

    private void add(String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    private void label(double x, double y, String anchor, String style, String words) {
        add("<text x='%.1f' y='%.1f' text-anchor='%s' %s>%s</text>", x, y, anchor, style, escape(words));
    }

    private static String escape(String words) {
        return words.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;");
    }

    private String end() {
        return text.append("</svg>\n").toString();
    }

    /** Points of several series: seconds on the x axis, seconds on a logarithmic y axis. */
    static String lags(String title, Map<String, List<double[]>> series) {
        double longest = 1;
        double peaks = 1;
        for (List<double[]> points : series.values()) {
            for (double[] point : points) {
                longest = Math.max(longest, point[0]);
                peaks = Math.max(peaks, point[1]);
            }
        }
        int low = -3;
        int high = (int) Math.ceil(Math.log10(peaks));
        Svg svg = new Svg(title);
        for (int power = low; power <= high; power++) {
            double y = level(power, low, high);
            svg.add("<line x1='%d' x2='%d' y1='%.1f' y2='%.1f' stroke='#ddd'/>", LEFT, WIDTH - RIGHT, y, y);
            svg.label(
                    LEFT - 8,
                    y + 4,
                    "end",
                    "",
                    power < 0 ? (int) Math.pow(10, power + 3) + " ms" : (int) Math.pow(10, power) + " s");
        }
        for (int tick = 0; tick <= 6; tick++) {
            double x = LEFT + (WIDTH - LEFT - RIGHT) * tick / 6.0;
            svg.label(x, HEIGHT - BOTTOM + 18, "middle", "", String.format(Locale.ROOT, "%.1f s", longest * tick / 6));
        }
        int number = 0;
        for (Map.Entry<String, List<double[]>> entry : series.entrySet()) {
            String colour = COLOURS.get(number % COLOURS.size());
            for (double[] point : entry.getValue()) {
                svg.add(
                        "<circle cx='%.1f' cy='%.1f' r='2' fill='%s'/>",
                        LEFT + (WIDTH - LEFT - RIGHT) * point[0] / longest,
                        level(Math.log10(Math.max(point[1], 0.001)), low, high),
                        colour);
            }
            svg.label(WIDTH - RIGHT + 12, TOP + 18 * number + 10, "start", "fill='" + colour + "'", entry.getKey());
            number++;
        }
        return svg.end();
    }

    private static double level(double power, int low, int high) {
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (power - low) / (high - low);
    }

    /** One or more bars for each name, with a legend. */
    static String bars(String title, List<String> kinds, Map<String, double[]> values) {
        double peaks = values.values().stream()
                .flatMapToDouble(java.util.Arrays::stream)
                .filter(Double::isFinite)
                .max()
                .orElse(1);
        Svg svg = new Svg(title);
        double row = (HEIGHT - TOP - BOTTOM + 30.0) / Math.max(1, values.size());
        double thick = row * 0.8 / kinds.size();
        int number = 0;
        for (Map.Entry<String, double[]> entry : values.entrySet()) {
            double y = TOP + row * number++;
            svg.label(LEFT - 8, y + row / 2, "end", "", entry.getKey());
            for (int kind = 0; kind < kinds.size(); kind++) {
                double value = entry.getValue()[kind];
                double width = Double.isFinite(value) ? (WIDTH - LEFT - RIGHT) * value / Math.max(peaks, 1e-9) : 0;
                svg.add(
                        "<rect x='%d' y='%.1f' width='%.1f' height='%.1f' fill='%s'/>",
                        LEFT, y + thick * kind, width, thick * 0.9, COLOURS.get(kind));
                svg.label(LEFT + width + 5, y + thick * (kind + 0.5) + 4, "start", "", Report.number(value));
            }
        }
        for (int kind = 0; kind < kinds.size() && kinds.size() > 1; kind++) {
            svg.label(
                    LEFT + 200 * kind,
                    HEIGHT - 12,
                    "start",
                    "fill='" + COLOURS.get(kind) + "'",
                    "■ " + kinds.get(kind));
        }
        return svg.end();
    }
}
