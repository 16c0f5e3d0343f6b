package io.refreshd.config;

import java.util.Optional;

/**
 * One problem of a configuration file.
 *
 * @param path path of the key, such as {@code views.target-lag}; empty if the whole file is meant
 * @param value the value as written in the file, before variables are expanded: a variable may hold a secret. Empty for the
 *     value of a secret key, and where there is no single value
 * @param what what is wrong
 * @param expected what to write instead
 * @param line line of the file, from 1
 */
public record Problem(String path, Optional<String> value, String what, String expected, int line) {
    /** Characters of a value that a message shows. */
    private static final int SHOWN = 80;

    public Problem {
        // A control character of the file must not break the line or change the state of a terminal.
        value = value.map(Problem::onOneLine);
        path = onOneLine(path);
        what = onOneLine(what);
        expected = onOneLine(expected);
    }

    private static String onOneLine(String text) {
        return text.replaceAll("\\p{Cntrl}", "\uFFFD");
    }

    private static String shortened(String text) {
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…";
    }

    @Override
    public String toString() {
        return "line " + line + ": " + (path.isEmpty() ? "" : path + ": ") + what
                + value.map(text -> " (found: " + shortened(text) + ")").orElse("") + "; " + expected;
    }
}
