package io.refreshd.config;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Expands {@code ${NAME}} and {@code ${NAME:-default}} with environment variables. As in a shell, the default also replaces an
 * empty variable. {@code $${} stands for {@code ${} itself. The value of a variable is not expanded again.
 */
record Variables(Map<String, String> environment) {
    private static final Pattern REFERENCE = Pattern.compile(
            "\\$(?<escaped>\\$)\\{|\\$\\{(?:(?<name>[A-Za-z_][A-Za-z0-9_]*)(?<or>:-(?<default>[^}]*))?\\})?");

    String expand(String text) throws InvalidValueException {
        Matcher matcher = REFERENCE.matcher(text);
        StringBuilder expanded = new StringBuilder();
        while (matcher.find()) {
            matcher.appendReplacement(expanded, "");
            expanded.append(matcher.group("escaped") == null ? value(matcher) : "${");
        }
        return matcher.appendTail(expanded).toString();
    }

    private String value(Matcher matcher) throws InvalidValueException {
        String name = matcher.group("name");
        if (name == null) {
            throw new InvalidValueException(
                    "${ does not begin a variable",
                    "write ${NAME}, ${NAME:-default}, or $${ for the characters themselves");
        }
        String value = environment.get(name);
        if (matcher.group("or") != null) {
            return value == null || value.isEmpty() ? matcher.group("default") : value;
        }
        if (value == null) {
            throw new InvalidValueException(
                    "the environment variable " + name + " is not set", "set it, or write ${" + name + ":-default}");
        }
        return value;
    }
}
