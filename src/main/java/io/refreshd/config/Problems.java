package io.refreshd.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The problems found so far while a configuration is read.
 *
 * <p>Thread: confined to the reading thread.
 */
final class Problems {
    private final List<Problem> found = new ArrayList<>();

    void add(int line, String path, Optional<String> value, InvalidValueException invalid) {
        add(new Problem(path, value, invalid.what(), invalid.expected(), line));
    }

    void add(int line, String path, String what, String expected) {
        add(new Problem(path, Optional.empty(), what, expected, line));
    }

    /** Once: a file that gives defaults is read for each database. */
    private void add(Problem problem) {
        if (!found.contains(problem)) {
            found.add(problem);
        }
    }

    boolean isEmpty() {
        return found.isEmpty();
    }

    /** An exception with all problems; there must be at least one. */
    ConfigurationException exception(String fileName) {
        return new ConfigurationException(
                fileName,
                found.stream().sorted(Comparator.comparingInt(Problem::line)).toList());
    }
}
