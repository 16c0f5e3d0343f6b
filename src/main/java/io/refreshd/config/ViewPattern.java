package io.refreshd.config;

import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A pattern for views, in the notation of psql's {@code \d}: {@code schema.name}, where {@code *} matches any run of characters
 * and {@code ?} matches one character. Text in double quotes is literal, including dots, capitals and wildcards; {@code ""}
 * within quotes is one quote. Quotes may begin and end anywhere in a part.
 *
 * <p>Capitals outside quotes are an error, where psql folds them to lower case. {@code public.MyView} could mean {@code myview}
 * or {@code "MyView"}, and after a wrong guess nobody would refresh the view.
 */
public final class ViewPattern {
    private final String text;
    private final Pattern schema;
    private final Pattern name;

    private ViewPattern(String text, Pattern schema, Pattern name) {
        this.text = text;
        this.schema = schema;
        this.name = name;
    }

    /** Parses the name of one view, in the same notation without wildcards. */
    static ViewId parseName(String text) throws InvalidValueException {
        parse(text);
        List<StringBuilder> parts = new ArrayList<>(List.of(new StringBuilder()));
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' && quoted && i + 1 < text.length() && text.charAt(i + 1) == '"') {
                parts.getLast().append(text.charAt(i++));
            } else if (c == '"') {
                quoted = !quoted;
            } else if (!quoted && c == '.') {
                parts.add(new StringBuilder());
            } else if (!quoted && (c == '*' || c == '?')) {
                throw new InvalidValueException(
                        "a pattern, and not the name of one view",
                        "write schema.name; a name that holds " + c + " in double quotes");
            } else {
                parts.getLast().append(c);
            }
        }
        return new ViewId(parts.getFirst().toString(), parts.getLast().toString());
    }

    /**
     * Parses a pattern.
     *
     * @throws IllegalArgumentException if the text is not a pattern; the message says what would be
     */
    public static ViewPattern of(String text) {
        try {
            return parse(text);
        } catch (InvalidValueException e) {
            throw new IllegalArgumentException(text + ": " + e.what() + "; " + e.expected(), e);
        }
    }

    static ViewPattern parse(String text) throws InvalidValueException {
        StringBuilder schema = new StringBuilder();
        StringBuilder part = new StringBuilder();
        int parts = 1;
        boolean quoted = false;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            if (c == '"') {
                if (quoted && i < text.length() && text.charAt(i) == '"') {
                    part.append(literal(c));
                    i++;
                } else {
                    quoted = !quoted;
                }
            } else if (quoted) {
                part.append(literal(c));
            } else if (c == '.') {
                parts++;
                requireSomething(part);
                schema = part;
                part = new StringBuilder();
            } else {
                part.append(bare(c));
            }
        }
        if (quoted) {
            throw new InvalidValueException("a double quote is not closed", "write schema.\"name\"");
        }
        if (parts == 1) {
            throw new InvalidValueException("the schema is missing", "write schema.name, such as public.orders_by_day");
        }
        if (parts > 2) {
            throw new InvalidValueException(
                    "more than one dot", "write schema.name, and a part that holds a dot in double quotes");
        }
        requireSomething(part);
        return new ViewPattern(text, compile(schema), compile(part));
    }

    public boolean matches(ViewId view) {
        return schema.matcher(view.schema()).matches()
                && name.matcher(view.name()).matches();
    }

    private static String bare(int c) throws InvalidValueException {
        if (c == '*') {
            return ".*";
        }
        if (c == '?') {
            return ".";
        }
        if (c >= 'A' && c <= 'Z') {
            throw new InvalidValueException(
                    "capital letters outside double quotes",
                    "write lower-case letters, or double quotes around the part if the catalog has capitals");
        }
        return literal(c);
    }

    private static String literal(int c) {
        return Pattern.quote(Character.toString(c));
    }

    private static void requireSomething(StringBuilder part) throws InvalidValueException {
        if (part.isEmpty()) {
            throw new InvalidValueException("schema or name is empty", "write schema.name; * stands for any");
        }
    }

    private static Pattern compile(StringBuilder regex) {
        // DOTALL, since a name may contain line breaks.
        return Pattern.compile(regex.toString(), Pattern.DOTALL);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ViewPattern pattern && pattern.text.equals(text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    @Override
    public String toString() {
        return text;
    }
}
