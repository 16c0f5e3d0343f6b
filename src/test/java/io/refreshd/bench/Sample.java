package io.refreshd.bench;

import java.util.Collection;
import java.util.Locale;

/** Sorted measured values. */
record Sample(double[] sorted) {
    static Sample of(Collection<Double> values) {
        double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return new Sample(sorted);
    }

    int count() {
        return sorted.length;
    }

    /** The value at or below which this share of all values lies (nearest rank); NaN without values. */
    double quantile(double share) {
        if (sorted.length == 0) {
            return Double.NaN;
        }
        int rank = (int) Math.ceil(share * sorted.length);
        return sorted[Math.clamp(rank - 1, 0, sorted.length - 1)];
    }

    double median() {
        return quantile(0.5);
    }

    double max() {
        return quantile(1);
    }

    double min() {
        return quantile(0);
    }

    /** The quantiles of values in seconds, printed in milliseconds. */
    String millis() {
        return sorted.length == 0
                ? "no value"
                : String.format(
                        Locale.ROOT,
                        "p50 %s, p95 %s, p99 %s, max %s (n = %d)",
                        millis(median()),
                        millis(quantile(0.95)),
                        millis(quantile(0.99)),
                        millis(max()),
                        sorted.length);
    }

    private static String millis(double seconds) {
        return Double.isFinite(seconds) ? String.format(Locale.ROOT, "%.0f ms", 1000 * seconds) : "not seen";
    }
}
