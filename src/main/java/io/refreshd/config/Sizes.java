package io.refreshd.config;

import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Parser for sizes in PostgreSQL's notation: {@code 512MB}, {@code 10GB}, in powers of 1024. */
final class Sizes {
    private static final Pattern FORM = Pattern.compile("(\\d{1,9})\\s*([A-Za-z]*)");

    private Sizes() {}

    /** The size in bytes; empty for {@code none}. */
    static OptionalLong parse(String text) throws InvalidValueException {
        if (text.equals("none")) {
            return OptionalLong.empty();
        }
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new InvalidValueException(
                    "not a size", "write a whole number and a unit, for example 512MB or 10GB, or none");
        }
        long size = Long.parseLong(matcher.group(1)) * unit(matcher.group(2));
        // A WAL segment alone has 16 MB: with less than four of them a moment of writing would cost the slot.
        if (size < 64L << 20) {
            throw new InvalidValueException("less than the server keeps in any case", "write at least 64MB");
        }
        return OptionalLong.of(size);
    }

    private static long unit(String unit) throws InvalidValueException {
        return switch (unit) {
            case "kB" -> 1L << 10;
            case "MB" -> 1L << 20;
            case "GB" -> 1L << 30;
            case "TB" -> 1L << 40;
            default ->
                throw new InvalidValueException(
                        unit.isEmpty() ? "the unit is missing" : "there is no unit " + unit, "write kB, MB, GB or TB");
        };
    }
}
