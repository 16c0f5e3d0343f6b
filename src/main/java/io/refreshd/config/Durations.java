package io.refreshd.config;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads durations such as {@code 250ms}, {@code 5s}, {@code 10m}, {@code 1h} and {@code 1d}. */
public final class Durations {
    /** A year. Longer ones are slips, and what adds them up may overflow. */
    private static final Duration LONGEST = Duration.ofDays(365);

    /** The server counts a timeout in milliseconds, in 31 bits. */
    private static final Duration LONGEST_TIMEOUT = Duration.ofDays(24);

    private static final Duration LONGEST_POLL = Duration.ofSeconds(30);

    /** Twelve digits of days fit into a duration, and are more than a year in any unit but the smallest. */
    private static final Pattern FORM = Pattern.compile("(\\d{1,12})\\s*([A-Za-z]*)");

    private Durations() {}

    static Duration parse(String text) throws UnfitValue {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new UnfitValue(
                    "not a duration", "write a whole number and a unit, for example 250ms, 5s, 10m, 1h or 1d");
        }
        Duration duration = Duration.of(Long.parseLong(matcher.group(1)), unit(matcher.group(2)));
        if (duration.compareTo(LONGEST) > 0) {
            throw new UnfitValue("longer than a year", "write at most 365d");
        }
        return duration;
    }

    public static Duration parsePositive(String text) throws UnfitValue {
        Duration duration = parse(text);
        if (duration.isZero()) {
            throw new UnfitValue("must be longer than zero", "write at least 1ms");
        }
        return duration;
    }

    static Duration parseTimeout(String text) throws UnfitValue {
        Duration duration = parsePositive(text);
        if (duration.compareTo(LONGEST_TIMEOUT) > 0) {
            throw new UnfitValue("longer than PostgreSQL can wait", "write at most 24d");
        }
        return duration;
    }

    /** The lease is held by a session that the server ends when it has not been asked for a minute. */
    static Duration parsePollInterval(String text) throws UnfitValue {
        Duration duration = parsePositive(text);
        if (duration.compareTo(LONGEST_POLL) > 0) {
            throw new UnfitValue("longer than the place of the daemon would be kept for it", "write at most 30s");
        }
        return duration;
    }

    static MaxStaleness parseMaxStaleness(String text) throws UnfitValue {
        return new MaxStaleness(text.equals("none") ? Optional.empty() : Optional.of(parsePositive(text)));
    }

    /** As one would write it, in the largest unit that leaves no fraction. */
    static String format(Duration duration) {
        long millis = duration.toMillis();
        if (millis == 0 || millis % 1_000 != 0) {
            return millis + "ms";
        }
        if (millis % 60_000 != 0) {
            return duration.toSeconds() + "s";
        }
        return millis % 3_600_000 != 0 ? duration.toMinutes() + "m" : duration.toHours() + "h";
    }

    static void requirePositive(Duration duration) {
        if (duration.isNegative() || duration.isZero()) {
            throw new IllegalArgumentException("not longer than zero: " + duration);
        }
    }

    private static ChronoUnit unit(String unit) throws UnfitValue {
        return switch (unit) {
            case "ms" -> ChronoUnit.MILLIS;
            case "s" -> ChronoUnit.SECONDS;
            case "m" -> ChronoUnit.MINUTES;
            case "h" -> ChronoUnit.HOURS;
            // Of 24 hours: no calendar, no summer time.
            case "d" -> ChronoUnit.DAYS;
            case "" -> throw new UnfitValue("the unit is missing", "write ms, s, m, h or d after the number");
            default -> throw new UnfitValue("there is no such unit", "write ms, s, m, h or d");
        };
    }
}
