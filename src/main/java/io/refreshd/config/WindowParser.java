package io.refreshd.config;

import java.time.DayOfWeek;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Parser of a window, such as {@code Mon-Fri 22:00-06:00, Sat,Sun 00:00-24:00 Europe/Berlin}: spans between commas, each after its days if
 * not on all, and the time zone at the end. Pure.
 */
final class WindowParser {
    static final String EXAMPLE =
            "write it as in 22:00-06:00 Europe/Berlin, or Mon-Fri 22:00-06:00, Sat,Sun 00:00-24:00 UTC";
    private static final Pattern SPAN = Pattern.compile("(\\d{1,2}):(\\d{2})-(\\d{1,2}):(\\d{2})");
    private static final Pattern DAYS = Pattern.compile("\\p{Alpha}{3}(-\\p{Alpha}{3})?");
    private static final List<String> NAMES = List.of("mon", "tue", "wed", "thu", "fri", "sat", "sun");

    private WindowParser() {}

    static WeeklyWindow parse(String text) throws InvalidValueException {
        String line = text.strip().replaceAll("\\s+", " ");
        int last = line.lastIndexOf(' ');
        String zone = line.substring(last + 1);
        if (SPAN.matcher(zone).matches()) {
            throw new InvalidValueException("the time zone is missing", EXAMPLE);
        }
        if (last < 0) {
            throw new InvalidValueException("not a list of times of day", EXAMPLE);
        }
        List<WeeklyWindow.Part> parts = parts(line.substring(0, last));
        return new WeeklyWindow(parts, TimeZones.parse(zone), line);
    }

    private static List<WeeklyWindow.Part> parts(String text) throws InvalidValueException {
        List<WeeklyWindow.Part> parts = new ArrayList<>();
        Set<DayOfWeek> days = EnumSet.noneOf(DayOfWeek.class);
        for (String piece : text.split(",", -1)) {
            List<String> words = List.of(piece.strip().split(" "));
            if (words.size() > 2 || words.getFirst().isEmpty()) {
                throw new InvalidValueException("not a list of times of day", EXAMPLE);
            }
            boolean daysFirst = DAYS.matcher(words.getFirst()).matches();
            if (daysFirst) {
                addDays(days, words.getFirst());
            }
            if (daysFirst && words.size() == 1) {
                continue;
            }
            if (!daysFirst && words.size() == 2) {
                throw new InvalidValueException("not a list of times of day", EXAMPLE);
            }
            parts.add(part(days.isEmpty() ? EnumSet.allOf(DayOfWeek.class) : days, words.getLast()));
            days = EnumSet.noneOf(DayOfWeek.class);
        }
        if (!days.isEmpty()) {
            throw new InvalidValueException(
                    "days without a time of day", "write the time after them, such as Sat,Sun 00:00-24:00");
        }
        return parts;
    }

    private static void addDays(Set<DayOfWeek> days, String text) throws InvalidValueException {
        String[] ends = text.split("-");
        DayOfWeek day = day(ends[0]);
        DayOfWeek last = day(ends[ends.length - 1]);
        days.add(day);
        while (day != last) {
            day = day.plus(1);
            days.add(day);
        }
    }

    private static DayOfWeek day(String name) throws InvalidValueException {
        int index = NAMES.indexOf(name.toLowerCase(Locale.ROOT));
        if (index < 0) {
            throw new InvalidValueException(
                    "not a day of the week", "write Mon, Tue, Wed, Thu, Fri, Sat or Sun, or Mon-Fri");
        }
        return DayOfWeek.of(index + 1);
    }

    private static WeeklyWindow.Part part(Set<DayOfWeek> days, String text) throws InvalidValueException {
        Matcher matcher = SPAN.matcher(text);
        if (!matcher.matches()) {
            throw new InvalidValueException("not a time of day from-to", EXAMPLE);
        }
        int from = minute(matcher.group(1), matcher.group(2));
        int to = minute(matcher.group(3), matcher.group(4));
        if (from == to || from == WeeklyWindow.DAY) {
            throw new InvalidValueException("a span of no time", "write 00:00-24:00 for the whole day");
        }
        return new WeeklyWindow.Part(days, from, to > from ? to : to + WeeklyWindow.DAY);
    }

    private static int minute(String hours, String minutes) throws InvalidValueException {
        int minute = Integer.parseInt(hours) * 60 + Integer.parseInt(minutes);
        if (Integer.parseInt(minutes) > 59 || minute > WeeklyWindow.DAY) {
            throw new InvalidValueException("not a time of day", "write 00:00 to 24:00");
        }
        return minute;
    }
}
