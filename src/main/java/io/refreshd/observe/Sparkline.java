package io.refreshd.observe;

import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** Line chart of a view's commit-to-visible times in the height of the text, with the target lag as a dashed line. Pure. */
final class Sparkline {
    private static final double WIDTH = 90;
    private static final double HEIGHT = 18;

    private Sparkline() {}

    /** The chart as SVG; empty if there are fewer than two points. */
    static String svg(List<Duration> lags, Duration target) {
        if (lags.size() < 2) {
            return "";
        }
        Duration worst = lags.stream().max(Duration::compareTo).orElse(Duration.ZERO);
        double top = 1.1 * Math.max(1, Math.max(worst.toMillis(), target.toMillis()));
        StringBuilder points = new StringBuilder();
        for (int i = 0; i < lags.size(); i++) {
            points.append(number(i * WIDTH / (lags.size() - 1)))
                    .append(',')
                    .append(number(y(lags.get(i), top)))
                    .append(' ');
        }
        String at = number(y(target, top));
        return "<svg class=\"spark" + (worst.compareTo(target) > 0 ? " over" : "") + "\" viewBox=\"0 0 "
                + number(WIDTH) + " " + number(HEIGHT)
                + "\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"commit to visible of the last "
                + lags.size() + " refreshes: at most " + HumanDuration.format(worst) + ", target "
                + HumanDuration.format(target)
                + "\"><line x1=\"0\" x2=\"" + number(WIDTH) + "\" y1=\"" + at + "\" y2=\"" + at
                + "\"/><polyline points=\"" + points.toString().strip() + "\"/></svg>";
    }

    private static double y(Duration lag, double top) {
        return HEIGHT - 1 - lag.toMillis() / top * (HEIGHT - 2);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value).replace(".0", "");
    }
}
