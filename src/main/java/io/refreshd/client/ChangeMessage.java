package io.refreshd.client;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A message of the channel {@code refreshd}: a JSON object on one line. It is untrusted, since every role may send on the channel.
 *
 * @param view name of the view as messages spell it
 */
record ChangeMessage(String view, ViewChange change) {
    private static final String STRING = "\"([^\"\\\\]*+(?:\\\\.[^\"\\\\]*+)*+)\"";
    private static final Pattern VIEW = Pattern.compile("\"view\"\\s*:\\s*" + STRING);
    private static final Pattern WATERMARK = Pattern.compile("\"watermark\"\\s*:\\s*\"([0-9A-F]{1,8}/[0-9A-F]{1,8})\"");
    private static final Pattern ROWS = Pattern.compile("\"rows\"\\s*:\\s*(\\d{1,18})\\b");
    private static final Pattern ESCAPE = Pattern.compile("\\\\(?:u([0-9a-fA-F]{4})|(.))");

    /** @return empty if the text is no such message */
    static Optional<ChangeMessage> parse(String text) {
        Matcher view = VIEW.matcher(text);
        if (!view.find()) {
            return Optional.empty();
        }
        Matcher watermark = WATERMARK.matcher(text);
        Matcher rows = ROWS.matcher(text);
        return Optional.of(new ChangeMessage(
                plain(view.group(1)),
                new ViewChange(
                        watermark.find() ? Optional.of(watermark.group(1)) : Optional.empty(),
                        rows.find() ? OptionalLong.of(Long.parseLong(rows.group(1))) : OptionalLong.empty())));
    }

    /** The name of a relation as messages spell it: a part with a dot is quoted, so that no two relations have the same text. */
    static String spelled(String schema, String name) {
        return part(schema) + "." + part(name);
    }

    private static String part(String name) {
        return name.indexOf('.') < 0 ? name : RoleViewName.quoted(name);
    }

    private static String plain(String json) {
        return ESCAPE.matcher(json)
                .replaceAll(escape -> Matcher.quoteReplacement(character(escape.group(1), escape.group(2))));
    }

    private static String character(@Nullable String hexadecimal, String letter) {
        if (hexadecimal != null) {
            return Character.toString(Integer.parseInt(hexadecimal, 16));
        }
        return switch (letter) {
            case "b" -> "\b";
            case "f" -> "\f";
            case "n" -> "\n";
            case "r" -> "\r";
            case "t" -> "\t";
            default -> letter;
        };
    }
}
