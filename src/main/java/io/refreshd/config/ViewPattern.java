package io.refreshd.config;

import io.refreshd.model.ViewId;
import java.util.regex.Pattern;

/**
 * A glob over schema and name, written as psql's {@code \d} takes it: {@code schema.name}, where {@code *} stands for any
 * run of characters and {@code ?} for one. What stands in double quotes is taken literally, dots, capitals and wildcards
 * too; {@code ""} within quotes is one quote. Quotes may begin and end anywhere in a part.
 *
 * <p>Where psql folds capitals outside quotes to small letters, this refuses them: whether {@code public.MyView} means
 * {@code myview} or {@code "MyView"} cannot be known, and the wrong guess is a view that nobody refreshes.
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

    /**
     * Reads a pattern.
     *
     * @throws IllegalArgumentException if the text is no pattern; the message says what would be
     */
    public static ViewPattern of(String text) {
        try {
            return parse(text);
        } catch (UnfitValue e) {
            throw new IllegalArgumentException(text + ": " + e.what() + "; " + e.expected(), e);
        }
    }

    static ViewPattern parse(String text) throws UnfitValue {
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
            throw new UnfitValue("a double quote is not closed", "write schema.\"name\"");
        }
        if (parts == 1) {
            throw new UnfitValue("the schema is missing", "write schema.name, such as public.orders_by_day");
        }
        if (parts > 2) {
            throw new UnfitValue(
                    "more than one dot", "write schema.name, and a part that holds a dot in double quotes");
        }
        requireSomething(part);
        return new ViewPattern(text, compile(schema), compile(part));
    }

    public boolean matches(ViewId view) {
        return schema.matcher(view.schema()).matches()
                && name.matcher(view.name()).matches();
    }

    private static String bare(int c) throws UnfitValue {
        if (c == '*') {
            return ".*";
        }
        if (c == '?') {
            return ".";
        }
        if (c >= 'A' && c <= 'Z') {
            throw new UnfitValue(
                    "capital letters outside double quotes",
                    "write small letters, or double quotes around the part if the catalog has capitals");
        }
        return literal(c);
    }

    private static String literal(int c) {
        return Pattern.quote(Character.toString(c));
    }

    private static void requireSomething(StringBuilder part) throws UnfitValue {
        if (part.isEmpty()) {
            throw new UnfitValue("schema or name is empty", "write schema.name; * stands for any");
        }
    }

    private static Pattern compile(StringBuilder regex) {
        // Names may hold line breaks.
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
