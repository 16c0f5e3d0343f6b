package io.refreshd.config;

import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Parser of a schedule: the five fields of cron and a time zone, such as {@code 30 2 * * 1-5 Europe/Berlin}. Pure. */
final class CronParser {
    static final String EXAMPLE =
            "write minute, hour, day of month, month, day of week and time zone, as in 30 2 * * 1-5 Europe/Berlin";

    private static final Pattern RANGE = Pattern.compile("(?:\\*|(\\w+)(?:-(\\w+))?)(?:/(\\d{1,2}))?");
    private static final List<String> MONTHS =
            List.of("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec");
    private static final List<String> DAYS = List.of("sun", "mon", "tue", "wed", "thu", "fri", "sat");

    private CronParser() {}

    /** @param names of the values from the least one on */
    private record Field(String name, int least, int most, List<String> names) {
        Field(String name, int least, int most) {
            this(name, least, most, List.of());
        }
    }

    static CronSchedule parse(String text) throws InvalidValueException {
        String[] fields = text.strip().split("\\s+");
        if (fields.length != 6) {
            throw new InvalidValueException(
                    fields.length == 5 ? "not five fields and a time zone" : "not a schedule", EXAMPLE);
        }
        CronSchedule schedule = new CronSchedule(
                values(new Field("minute", 0, 59), fields[0]),
                values(new Field("hour", 0, 23), fields[1]),
                values(new Field("day of month", 1, 31), fields[2]),
                values(new Field("month", 1, 12, MONTHS), fields[3]),
                weekDays(fields[4]),
                TimeZones.parse(fields[5]),
                String.join(" ", fields));
        if (!schedule.everComes()) {
            throw new InvalidValueException("a time that never comes", "write a day that the month has");
        }
        return schedule;
    }

    /** Sunday is 0 and 7. */
    private static BitSet weekDays(String text) throws InvalidValueException {
        BitSet days = values(new Field("day of week", 0, 7, DAYS), text);
        if (days.get(7)) {
            days.set(0);
            days.clear(7);
        }
        return days;
    }

    private static BitSet values(Field field, String text) throws InvalidValueException {
        BitSet values = new BitSet();
        for (String range : text.split(",", -1)) {
            Matcher matcher = RANGE.matcher(range);
            if (!matcher.matches()) {
                throw new InvalidValueException(field.name() + " is not in the notation of cron", EXAMPLE);
            }
            int step = matcher.group(3) == null ? 1 : Integer.parseInt(matcher.group(3));
            boolean single = matcher.group(1) != null && matcher.group(2) == null;
            if (step == 0 || (single && matcher.group(3) != null)) {
                throw new InvalidValueException(
                        field.name() + " has a step without a range", "write */15 or 0-30/10, for example");
            }
            int from = matcher.group(1) == null ? field.least() : value(field, matcher.group(1));
            int to = matcher.group(1) == null ? field.most() : single ? from : value(field, matcher.group(2));
            if (to < from) {
                throw new InvalidValueException(
                        field.name() + " has a range that ends before it begins",
                        "write it as two ranges with a comma between");
            }
            for (int value = from; value <= to; value += step) {
                values.set(value);
            }
        }
        return values;
    }

    private static int value(Field field, String text) throws InvalidValueException {
        int named = field.names().indexOf(text.toLowerCase(Locale.ROOT));
        if (named >= 0) {
            return named + field.least();
        }
        boolean isNumber = text.length() <= 2 && text.chars().allMatch(Character::isDigit);
        int value = isNumber ? Integer.parseInt(text) : -1;
        if (value < field.least() || value > field.most()) {
            throw new InvalidValueException(
                    field.name() + " is out of range", "write " + field.least() + " to " + field.most());
        }
        return value;
    }
}
