package io.refreshd.config;

import java.util.Optional;

/**
 * One thing that is wrong with a configuration.
 *
 * @param path of the key, such as {@code views.target-lag}; empty if the whole file is meant
 * @param value as written, before variables are expanded, so that none of their values shows; empty for secrets and where
 *     there is no single value
 * @param expected what would be right
 * @param line from 1
 */
public record Problem(String path, Optional<String> value, String what, String expected, int line) {
    private static final int SHOWN = 80;

    public Problem {
        // Whatever a file holds, a problem stays on its line of the terminal and of the log.
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
