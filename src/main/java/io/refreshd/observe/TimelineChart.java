package io.refreshd.observe;

import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * The last hour of a view as strips of bars, one bar a minute. A strip is an SVG without text that is stretched to the width of the
 * page; words and numbers are HTML beside it, so they stay legible on a phone. Pure.
 */
final class TimelineChart {
    private static final int MINUTES = RefreshHistory.MINUTES;
    private static final int HEIGHT = 40;
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm").withZone(ZoneOffset.UTC);

    private final List<RefreshMinute> minutes;
    private final Instant began;
    private final Instant now;
    private final StringBuilder out = new StringBuilder();

    private TimelineChart(List<RefreshMinute> minutes, Instant began, Instant now) {
        this.minutes = minutes;
        this.began = began;
        this.now = now;
    }

    /** @param began of what was before nothing is known */
    static String html(ViewStatus view, List<RefreshMinute> minutes, Instant began, Instant now) {
        TimelineChart chart = new TimelineChart(minutes, began, now);
        double[] staleness = chart.staleness(view);
        Duration target = view.timing().targetLag();
        chart.out.append("<div class=\"timeline\">\n");
        chart.strip("Staleness, the greatest of each minute", "lag", staleness, target.toMillis(), true);
        chart.strip(
                "Duration of refreshes, the longest of each minute",
                "took",
                chart.values(minute -> minute.took().toMillis()),
                0,
                true);
        chart.strip("Refreshes per minute", "done", chart.values(RefreshMinute::refreshes), 0, false);
        chart.unlessEmpty("… that recomputed everything", "full", chart.values(RefreshMinute::full));
        chart.unlessEmpty("Failed refreshes per minute", "failed", chart.values(RefreshMinute::failures));
        chart.axis();
        return chart.out.append("</div>\n").toString();
    }

    private double[] values(ToDoubleFunction<RefreshMinute> value) {
        double[] values = new double[MINUTES];
        for (RefreshMinute minute : minutes) {
            int at = place(minute.minute());
            if (at >= 0 && at < MINUTES) {
                values[at] = value.applyAsDouble(minute);
            }
        }
        return values;
    }

    /**
     * The greatest staleness of each minute, in milliseconds. A refresh tells it for the time before it too: if a change was visible
     * after ten minutes, the view was nine minutes stale a minute earlier.
     */
    private double[] staleness(ViewStatus view) {
        double[] greatest =
                values(minute -> minute.lag().map(Duration::toMillis).orElse(0L));
        for (int i = MINUTES - 2; i >= 0; i--) {
            greatest[i] = Math.max(greatest[i], greatest[i + 1] - 60_000);
        }
        double present = view.staleness(now).toMillis();
        double begun = (now.toEpochMilli() % 60_000 + 60_000) % 60_000;
        for (int i = MINUTES - 1; i >= 0; i--) {
            greatest[i] =
                    Math.max(greatest[i], present - (i == MINUTES - 1 ? 0 : begun + 60_000.0 * (MINUTES - 2 - i)));
        }
        return greatest;
    }

    private int place(long minute) {
        return (int) (minute - RefreshHistory.minute(now) + MINUTES - 1);
    }

    private void unlessEmpty(String title, String style, double[] values) {
        if (Arrays.stream(values).anyMatch(value -> value > 0)) {
            strip(title, style, values, 0, false);
        }
    }

    /** @param target drawn as a dashed line, unless it is 0 */
    private void strip(String title, String style, double[] values, double target, boolean time) {
        double greatest = Arrays.stream(values).max().orElse(0);
        double top = Math.max(1, Math.max(greatest, target) * 1.05);
        String summary = greatest == 0 ? "none" : "at most " + shown(greatest, time);
        if (target > 0) {
            summary += ", target " + shown(target, time) + (greatest > target ? ", missed" : "");
        }
        out.append("<p><span>")
                .append(title)
                .append("</span> <strong>")
                .append(summary)
                .append("</strong></p>\n");
        out.append("<svg class=\"strip ")
                .append(style)
                .append("\" viewBox=\"0 0 ")
                .append(MINUTES)
                .append(' ');
        out.append(HEIGHT)
                .append("\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"")
                .append(title);
        out.append(": ").append(summary).append("\">");
        int known = Math.clamp(place(RefreshHistory.minute(began)), 0, MINUTES);
        if (known > 0) {
            out.append("<rect class=\"unknown\" width=\"").append(known).append("\" height=\"");
            out.append(HEIGHT).append("\"/>");
        }
        for (int i = 0; i < MINUTES; i++) {
            if (values[i] > 0) {
                double height = Math.max(1, HEIGHT * values[i] / top);
                out.append("<rect").append(target > 0 && values[i] > target ? " class=\"over\"" : "");
                out.append(String.format(
                        Locale.ROOT,
                        " x=\"%.1f\" y=\"%.1f\" width=\".8\" height=\"%.1f\"/>",
                        i + 0.1,
                        HEIGHT - height,
                        height));
            }
        }
        if (target > 0) {
            String y = String.format(Locale.ROOT, "%.1f", HEIGHT - HEIGHT * target / top);
            out.append("<line x1=\"0\" x2=\"")
                    .append(MINUTES)
                    .append("\" y1=\"")
                    .append(y)
                    .append("\" y2=\"");
            out.append(y).append("\"/>");
        }
        out.append("</svg>\n");
    }

    private static String shown(double value, boolean time) {
        return time ? HumanDuration.format(Duration.ofMillis(Math.round(value))) : Long.toString(Math.round(value));
    }

    private void axis() {
        out.append("<p class=\"axis\" aria-hidden=\"true\">");
        for (int quarter = 4; quarter >= 0; quarter--) {
            out.append("<span>").append(time(now.minusSeconds(900L * quarter))).append("</span>");
        }
        out.append("</p>\n");
    }

    /** Hours and minutes, UTC. */
    static String time(Instant at) {
        return TIME.format(at);
    }
}
