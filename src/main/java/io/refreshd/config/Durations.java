package io.refreshd.config;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Parser for durations such as {@code 250ms}, {@code 5s}, {@code 10m}, {@code 1h} and {@code 1d}. */
public final class Durations {
    /** A longer duration is a typing error, and sums of such durations could overflow. */
    private static final Duration LONGEST = Duration.ofDays(365);

    /** The server holds a timeout as milliseconds in 31 bits, which is a little less than 25 days. */
    private static final Duration LONGEST_TIMEOUT = Duration.ofDays(24);

    /**
     * Half a minute. The server ends the session that holds the lease when the session has been idle for a minute, and each
     * catalog poll queries that session.
     */
    private static final Duration LONGEST_POLL = Duration.ofSeconds(30);

    /** At most twelve digits: twelve digits of days still fit into a {@link Duration}. */
    private static final Pattern FORM = Pattern.compile("(\\d{1,12})\\s*([A-Za-z]*)");

    private Durations() {}

    static Duration parse(String text) throws InvalidValueException {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new InvalidValueException(
                    "not a duration", "write a whole number and a unit, for example 250ms, 5s, 10m, 1h or 1d");
        }
        Duration duration = Duration.of(Long.parseLong(matcher.group(1)), unit(matcher.group(2)));
        if (duration.compareTo(LONGEST) > 0) {
            throw new InvalidValueException("longer than a year", "write at most 365d");
        }
        return duration;
    }

    public static Duration parsePositive(String text) throws InvalidValueException {
        Duration duration = parse(text);
        if (duration.isZero()) {
            throw new InvalidValueException("must be longer than zero", "write at least 1ms");
        }
        return duration;
    }

    static Duration parseTimeout(String text) throws InvalidValueException {
        Duration duration = parsePositive(text);
        if (duration.compareTo(LONGEST_TIMEOUT) > 0) {
            throw new InvalidValueException("longer than PostgreSQL can wait", "write at most 24d");
        }
        return duration;
    }

    static Duration parsePollInterval(String text) throws InvalidValueException {
        Duration duration = parsePositive(text);
        if (duration.compareTo(LONGEST_POLL) > 0) {
            throw new InvalidValueException("longer than the daemon could keep its lease", "write at most 30s");
        }
        return duration;
    }

    static MaxStaleness parseMaxStaleness(String text) throws InvalidValueException {
        return new MaxStaleness(text.equals("none") ? Optional.empty() : Optional.of(parsePositive(text)));
    }

    /** Writes a duration as the configuration file has it, in the largest unit that leaves no fraction. */
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

    private static ChronoUnit unit(String unit) throws InvalidValueException {
        return switch (unit) {
            case "ms" -> ChronoUnit.MILLIS;
            case "s" -> ChronoUnit.SECONDS;
            case "m" -> ChronoUnit.MINUTES;
            case "h" -> ChronoUnit.HOURS;
            // A day is 24 hours, whatever the clocks do in spring and autumn.
            case "d" -> ChronoUnit.DAYS;
            case "" ->
                throw new InvalidValueException("the unit is missing", "write ms, s, m, h or d after the number");
            default -> throw new InvalidValueException("there is no such unit", "write ms, s, m, h or d");
        };
    }
}
