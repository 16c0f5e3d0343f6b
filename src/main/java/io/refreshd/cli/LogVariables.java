package io.refreshd.cli;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Validates the environment variables that {@code logback.xml} reads. They are validated before anything is logged, since Logback
 * does not report them: with an unknown format it would log nothing, with an unknown level everything. Pure.
 */
final class LogVariables {
    static final String FORMAT = "REFRESHD_LOG_FORMAT";
    static final String LEVEL = "REFRESHD_LOG_LEVEL";

    /** The names of the appenders in {@code logback.xml}. */
    private static final List<String> FORMATS = List.of("text", "json");

    private static final List<String> LEVELS = List.of("ERROR", "WARN", "INFO", "DEBUG", "TRACE");

    private LogVariables() {}

    /** The message about all wrong variables; empty if there is none. */
    static Optional<String> problem(Map<String, String> environment) {
        return Stream.of(
                        wrong(FORMAT, environment, FORMATS, value -> value),
                        wrong(LEVEL, environment, LEVELS, value -> value.toUpperCase(Locale.ROOT)))
                .flatMap(Optional::stream)
                .reduce((one, other) -> one + System.lineSeparator() + other);
    }

    /** An empty value is wrong too, since Logback does not fall back to the default for it. */
    private static Optional<String> wrong(
            String name, Map<String, String> environment, List<String> right, UnaryOperator<String> spelling) {
        return Optional.ofNullable(environment.get(name))
                .filter(value -> !right.contains(spelling.apply(value)))
                .map(value -> "refreshd: the variable " + name + " is " + (value.isEmpty() ? "empty" : value)
                        + "; write one of " + String.join(", ", right) + ", or leave it out");
    }
}
