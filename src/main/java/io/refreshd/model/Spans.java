package io.refreshd.model;

import java.time.Duration;
import java.util.Locale;

/** Writes spans of time for people. Pure. */
public final class Spans {
    private Spans() {}

    public static String inWords(Duration span) {
        long millis = span.toMillis();
        if (millis < 1_000) {
            return millis + " ms";
        }
        if (millis < 60_000) {
            return String.format(Locale.ROOT, "%.1f s", millis / 1e3);
        }
        if (millis < 3_600_000) {
            return span.toMinutes() + " min " + span.toSecondsPart() + " s";
        }
        return span.toHours() + " h " + span.toMinutesPart() + " min";
    }
}
