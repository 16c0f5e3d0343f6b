package io.refreshd.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Gathers what is wrong while reading goes on. One reading, one thread. */
final class Problems {
    private final List<Problem> found = new ArrayList<>();

    void add(int line, String path, Optional<String> value, UnfitValue unfit) {
        found.add(new Problem(path, value, unfit.what(), unfit.expected(), line));
    }

    void add(int line, String path, String what, String expected) {
        found.add(new Problem(path, Optional.empty(), what, expected, line));
    }

    boolean isEmpty() {
        return found.isEmpty();
    }

    /** Of everything found, which must be something. */
    ConfigurationException exception(String fileName) {
        return new ConfigurationException(
                fileName,
                found.stream().sorted(Comparator.comparingInt(Problem::line)).toList());
    }
}
