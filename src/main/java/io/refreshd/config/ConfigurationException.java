package io.refreshd.config;

import java.util.List;
import java.util.stream.Collectors;

/** Thrown for a configuration that is not valid. Its message lists every problem, one a line, and contains no secret. */
public final class ConfigurationException extends Exception {
    private static final long serialVersionUID = 1;

    private final transient List<Problem> problems;

    ConfigurationException(String fileName, List<Problem> problems) {
        super(message(fileName, problems));
        this.problems = List.copyOf(problems);
    }

    private ConfigurationException(String message) {
        super(message);
        this.problems = List.of();
    }

    /** Lists the problems of every database. */
    static ConfigurationException ofAll(String what, List<DatabaseEntry> entries) {
        return new ConfigurationException(entries.stream()
                .filter(DatabaseEntry.Unusable.class::isInstance)
                .map(entry -> "\n" + ((DatabaseEntry.Unusable) entry).problem().getMessage())
                .collect(Collectors.joining("", what + ":", "")));
    }

    /** All problems, sorted by line; those of one file. */
    public List<Problem> problems() {
        return problems;
    }

    private static String message(String fileName, List<Problem> problems) {
        return problems.stream()
                .map(problem -> "\n  " + problem)
                .collect(Collectors.joining(
                        "",
                        fileName + " has " + (problems.size() == 1 ? "a problem:" : problems.size() + " problems:"),
                        ""));
    }
}
