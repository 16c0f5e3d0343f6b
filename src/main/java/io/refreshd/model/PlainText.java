package io.refreshd.model;

/**
 * Text from outside, such as a name or a message, as part of a line. Control characters and invisible format characters are written
 * as escapes, so that the text can neither begin another line nor command a terminal nor turn the direction of writing. Pure.
 */
public final class PlainText {
    private static final String JOINERS = "\u200c\u200d";

    private PlainText() {}

    /** The text on one line. */
    public static String line(String text) {
        return line(text, Integer.MAX_VALUE);
    }

    /** The text on one line; what is longer is cut, and the number of characters that are missing is said. */
    public static String line(String text, int longest) {
        String kept = cut(text, longest);
        StringBuilder out = new StringBuilder(kept.length() + 16);
        for (int i = 0; i < kept.length(); i++) {
            append(out, kept.charAt(i));
        }
        return out.toString();
    }

    /** The text on its own lines, such as a statement; a line break in it stays one, everything else is as in {@link #line}. */
    public static String lines(String text) {
        return String.join("\n", text.lines().map(PlainText::line).toList());
    }

    /** The beginning of a text that is longer, and how many characters are missing. */
    public static String cut(String text, int longest) {
        return text.length() <= longest
                ? text
                : text.substring(0, longest) + "… (" + (text.length() - longest) + " characters more)";
    }

    private static void append(StringBuilder out, char c) {
        switch (c) {
            case '\n' -> out.append("\\n");
            case '\r' -> out.append("\\r");
            case '\t' -> out.append("\\t");
            default -> {
                if (isVisible(c)) {
                    out.append(c);
                } else {
                    out.append(String.format("\\u%04x", (int) c));
                }
            }
        }
    }

    /** Whether a character shows as itself. The joiners shape letters and pictures, and hide nothing. */
    public static boolean isVisible(char c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> false;
            case Character.FORMAT -> JOINERS.indexOf(c) >= 0;
            default -> true;
        };
    }
}
