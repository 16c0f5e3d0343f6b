package io.refreshd.diagram;

import io.refreshd.model.PlainText;

/**
 * Text from outside for XML and for SVG in HTML: on one line, with what is not seen or not allowed as escapes. Names may hold any
 * character.
 */
public final class Xml {
    private Xml() {}

    /** The text, escaped for content and for attribute values in double quotes. */
    public static String text(String raw) {
        StringBuilder out = new StringBuilder(raw.length() + 16);
        plain(raw).codePoints().forEach(c -> {
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> out.appendCodePoint(c);
            }
        });
        return out.toString();
    }

    /**
     * The text with at most so many cells of a fixed-width font, beginning and end kept; names of many views often differ in
     * their ends.
     */
    static String fit(String raw, int cells) {
        int[] text = plain(raw).codePoints().toArray();
        int all = 0;
        for (int c : text) {
            all += cells(c);
        }
        if (all <= cells) {
            return raw;
        }
        int tail = (cells - 1) * 2 / 5;
        int head = cells - 1 - tail;
        StringBuilder begin = new StringBuilder();
        int i = 0;
        for (int room = head; i < text.length && cells(text[i]) <= room; i++) {
            room -= cells(text[i]);
            begin.appendCodePoint(text[i]);
        }
        StringBuilder end = new StringBuilder();
        int j = text.length - 1;
        for (int room = tail; j > i && cells(text[j]) <= room; j--) {
            room -= cells(text[j]);
            end.insert(0, Character.toChars(text[j]));
        }
        // A mark without its character would stand on the dots.
        while (!end.isEmpty() && Character.getType(end.codePointAt(0)) == Character.NON_SPACING_MARK) {
            end.delete(0, Character.charCount(end.codePointAt(0)));
        }
        return begin.append('…').append(end).toString();
    }

    /** Number of cells that a text takes in a fixed-width font. */
    static int cells(String raw) {
        return plain(raw).codePoints().map(Xml::cells).sum();
    }

    /** East Asian characters and pictures take two cells. A mark on another character is counted as one, which is too much. */
    private static int cells(int c) {
        boolean wide = (c >= 0x1100 && c <= 0x11ff)
                || (c >= 0x2e80 && c <= 0xd7ff)
                || (c >= 0xf900 && c <= 0xfaff)
                || c >= 0xfe30;
        return wide ? 2 : 1;
    }

    /** XML has no way to write a lone surrogate or a noncharacter. */
    private static String plain(String raw) {
        StringBuilder out = new StringBuilder(raw.length() + 16);
        PlainText.line(raw).codePoints().forEach(c -> {
            if ((c >= 0xd800 && c <= 0xdfff) || (c & 0xfffe) == 0xfffe) {
                out.append(String.format("\\u%04x", c));
            } else {
                out.appendCodePoint(c);
            }
        });
        return out.toString();
    }
}
