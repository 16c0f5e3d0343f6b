package io.refreshd.observe;

import io.refreshd.model.PlainText;

/**
 * Escapes text for HTML, both for content and for attribute values in double quotes. Characters that are not seen, such as those that
 * turn the direction of writing, are shown as escapes.
 */
final class Html {
    private Html() {}

    static String text(String raw) {
        StringBuilder out = new StringBuilder(raw.length() + 16);
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                case '\n', '\r', '\t' -> out.append(c);
                default -> out.append(PlainText.isVisible(c) ? String.valueOf(c) : PlainText.line(String.valueOf(c)));
            }
        }
        return out.toString();
    }

    /** A cell of a table with the name of its column, which a phone shows beside it. */
    static void cell(StringBuilder out, String label, String value) {
        out.append("<td data-label=\"")
                .append(label)
                .append("\">")
                .append(text(value))
                .append("</td>");
    }

    /** A cell of a table whose style has the names of the columns. */
    static void cell(StringBuilder out, String value) {
        out.append("<td>").append(text(value)).append("</td>");
    }

    /** A term of a description list. */
    static void term(StringBuilder out, String term, String value) {
        out.append("<div><dt>")
                .append(term)
                .append("</dt><dd>")
                .append(text(value))
                .append("</dd></div>");
    }
}
