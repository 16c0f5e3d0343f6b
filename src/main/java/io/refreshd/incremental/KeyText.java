package io.refreshd.incremental;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Decides whether the text form of a type is lossless under the settings of a session, so that keys can be passed as text. Pure.
 *
 * <p>A round reads and writes keys under the settings that the definition runs under, since these decide what a filter lets pass. Some
 * settings shorten the text of a value or make it ambiguous.
 */
public final class KeyText {
    /** Types whose text is the same under all settings. */
    private static final Set<String> PLAIN = Set.of(
            "smallint",
            "integer",
            "bigint",
            "oid",
            "numeric",
            "boolean",
            "text",
            "character varying",
            "bpchar",
            "\"char\"",
            "name",
            "uuid",
            "inet",
            "cidr",
            "macaddr",
            "macaddr8",
            "bytea");

    private static final Map<String, Function<String, Boolean>> EXACT = Map.of(
            "DateStyle", value -> value.toUpperCase(Locale.ROOT).startsWith("ISO"),
            "IntervalStyle", value -> value.equals("postgres"),
            "extra_float_digits", value -> !value.startsWith("-") && !value.equals("0"));

    private KeyText() {}

    /** @param types of the key, as {@code format_type} names them @param settings the value of each setting, if known */
    public static Optional<String> obstacle(List<String> types, Function<String, Optional<String>> settings) {
        if (PLAIN.containsAll(types)) {
            return Optional.empty();
        }
        return EXACT.entrySet().stream()
                .filter(setting -> !settings.apply(setting.getKey())
                        .map(setting.getValue())
                        .orElse(false))
                .map(Map.Entry::getKey)
                .sorted()
                .findFirst()
                .map(name -> "under the owner's " + name + " the text of a key may denote another value");
    }
}
