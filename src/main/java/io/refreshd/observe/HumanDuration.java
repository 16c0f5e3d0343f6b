package io.refreshd.observe;

import java.time.Duration;
import java.util.Locale;

/** Formats durations for people: about two digits and one unit. */
final class HumanDuration {
    private HumanDuration() {}

    static String format(Duration duration) {
        Duration d = duration.isNegative() ? Duration.ZERO : duration;
        long millis = d.toMillis();
        if (millis < 1000) {
            return millis + " ms";
        }
        if (millis < 10_000) {
            return String.format(Locale.ROOT, "%.1f s", Math.floor(millis / 100.0) / 10);
        }
        if (millis < 120_000) {
            return d.toSeconds() + " s";
        }
        if (d.toMinutes() < 120) {
            return d.toMinutes() + " min";
        }
        return d.toHours() < 48 ? d.toHours() + " h" : d.toDays() + " d";
    }
}
