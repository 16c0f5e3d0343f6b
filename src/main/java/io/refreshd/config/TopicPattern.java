package io.refreshd.config;

import java.util.regex.Pattern;

/**
 * A pattern for topics: {@code *} stands for any run of characters, and everything else for itself.
 *
 * @param text the pattern as it is written
 */
public record TopicPattern(String text) {
    private static final Pattern WRITTEN = Pattern.compile("[A-Za-z0-9._*-]{1,249}");

    static TopicPattern parse(String text) throws InvalidValueException {
        if (!WRITTEN.matcher(text).matches()) {
            throw new InvalidValueException(
                    "not a pattern for topics",
                    "write letters, digits, dots, underscores and hyphens, and * for any run of them");
        }
        return new TopicPattern(text);
    }

    /** Whether it is the name of one topic. */
    public boolean isName() {
        return text.indexOf('*') < 0;
    }

    public boolean matches(String topic) {
        return Pattern.matches(("\\Q" + text + "\\E").replace("*", "\\E.*\\Q"), topic);
    }
}
