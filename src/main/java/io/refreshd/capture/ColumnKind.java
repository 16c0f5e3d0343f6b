package io.refreshd.capture;

import com.fasterxml.jackson.core.JsonToken;
import java.time.LocalDate;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * How much the JSON of a Debezium event says about the values of a column, by the column's type. Pure.
 *
 * <p>Invariant: a text is returned only where the server would have sent the same. Debezium's form of any other type is compared with
 * itself, where two values never share a form, or not at all.
 */
enum ColumnKind {
    INTEGER,
    TEXT,
    BOOLEAN,
    UUID,
    /** As a string ({@code decimal.handling.mode=string}); numbers of JSON lose digits. */
    NUMERIC,
    /** As days since 1970. */
    DATE,
    /** Two values of these types have two forms, but not that of the server. */
    COMPARABLE,
    /** Everything else, also types of extensions and users. */
    UNKNOWN;

    private static final Map<String, ColumnKind> BUILT_IN = Map.ofEntries(
            Map.entry("int2", INTEGER),
            Map.entry("int4", INTEGER),
            Map.entry("int8", INTEGER),
            Map.entry("text", TEXT),
            Map.entry("varchar", TEXT),
            Map.entry("bool", BOOLEAN),
            Map.entry("uuid", UUID),
            Map.entry("numeric", NUMERIC),
            Map.entry("date", DATE),
            Map.entry("bpchar", COMPARABLE),
            Map.entry("timestamp", COMPARABLE),
            Map.entry("timestamptz", COMPARABLE),
            Map.entry("float8", COMPARABLE),
            Map.entry("bytea", COMPARABLE),
            Map.entry("json", COMPARABLE),
            Map.entry("jsonb", COMPARABLE));

    private static final Pattern DIGITS = Pattern.compile("-?[0-9]+(\\.[0-9]+)?");
    private static final Pattern UUID_FORM =
            Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

    private static final long FIRST_DAY = LocalDate.of(1, 1, 1).toEpochDay();
    private static final long LAST_DAY = LocalDate.of(9999, 12, 31).toEpochDay();

    /** The kind of a built-in type, by its name in {@code pg_catalog}. */
    static ColumnKind ofBuiltIn(String type) {
        return BUILT_IN.getOrDefault(type, UNKNOWN);
    }

    /** The text that the server sends for the value; empty if that is not certain. */
    Optional<String> text(ChangeEvent.Field field) {
        JsonToken token = field.token();
        String text = field.text();
        return switch (this) {
            case INTEGER -> given(token == JsonToken.VALUE_NUMBER_INT, text);
            case TEXT -> given(token == JsonToken.VALUE_STRING, text);
            case BOOLEAN ->
                given(token == JsonToken.VALUE_TRUE || token == JsonToken.VALUE_FALSE, text.equals("true") ? "t" : "f");
            case UUID ->
                given(token == JsonToken.VALUE_STRING && UUID_FORM.matcher(text).matches(), text);
            case NUMERIC ->
                given(token == JsonToken.VALUE_STRING && DIGITS.matcher(text).matches(), text);
            case DATE -> token == JsonToken.VALUE_NUMBER_INT ? date(text) : Optional.empty();
            case COMPARABLE, UNKNOWN -> Optional.empty();
        };
    }

    private static Optional<String> given(boolean certain, String text) {
        return certain ? Optional.of(text) : Optional.empty();
    }

    /** Empty for infinite dates and for years that ISO 8601 writes with other than four digits. */
    private static Optional<String> date(String days) {
        // The days of every date have fewer digits.
        long day = days.length() > 11 ? Long.MAX_VALUE : Long.parseLong(days);
        return day < FIRST_DAY || day > LAST_DAY
                ? Optional.empty()
                : Optional.of(LocalDate.ofEpochDay(day).toString());
    }
}
