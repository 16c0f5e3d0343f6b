package io.refreshd.redefine;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import org.postgresql.core.Parser;

/**
 * The query of a file: one SELECT, without the semicolon at its end. What the server would refuse with words that fit the statement around
 * it is refused here. Pure.
 */
public final class QueryText {
    private static final Set<String> FIRST = Set.of("SELECT", "WITH", "VALUES", "TABLE");
    private static final char BYTE_ORDER_MARK = '\uFEFF';

    private final char[] text;
    private String first = "";
    private int end = -1;

    private QueryText(String text) {
        this.text = text.toCharArray();
    }

    /** @throws IllegalArgumentException if the file holds something else; the message says what */
    public static String of(byte[] file) {
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(file))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("it is not UTF-8; save it as UTF-8", e);
        }
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("it holds a zero byte, which no query can");
        }
        return new QueryText(!text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK ? text.substring(1) : text).query();
    }

    private String query() {
        for (int i = 0; i < text.length; i++) {
            int next = skipped(i);
            boolean comment = next > i && (text[i] == '-' || text[i] == '/');
            if (!comment && !Character.isWhitespace(text[i])) {
                take(i, next);
            }
            i = next;
        }
        if (first.isEmpty()) {
            throw new IllegalArgumentException("it holds no query");
        }
        return new String(text, 0, end < 0 ? text.length : end).stripTrailing();
    }

    /** The last character of a quoted text or a comment that begins here; otherwise this one. */
    private int skipped(int i) {
        int last = switch (text[i]) {
            case '\'' -> Parser.parseSingleQuotes(text, i, true);
            case '"' -> Parser.parseDoubleQuotes(text, i);
            case '-' -> Math.min(Parser.parseLineComment(text, i), text.length - 1);
            case '/' -> Math.min(Parser.parseBlockComment(text, i), text.length - 1);
            case '$' -> Parser.parseDollarQuotes(text, i);
            default -> i;
        };
        if (last >= text.length || (text[i] == '/' && last > i && !isClosed(i, last))) {
            throw new IllegalArgumentException("what begins in line " + line(i) + " with " + text[i]
                    + " has no end; close the quoted text or the comment");
        }
        return last;
    }

    /** Whether a block comment ends, with those within it. Without this, what follows the query would be part of it. */
    private boolean isClosed(int from, int last) {
        int open = 0;
        for (int i = from; i < last; i++) {
            if (text[i] == '/' && text[i + 1] == '*') {
                open++;
                i++;
            } else if (text[i] == '*' && text[i + 1] == '/') {
                open--;
                i++;
            }
        }
        return open == 0;
    }

    /** @param i where something begins that is neither space nor comment */
    private void take(int i, int next) {
        if (text[i] == ';') {
            if (first.isEmpty()) {
                throw new IllegalArgumentException("it holds no query before the first semicolon");
            }
            end = end < 0 ? i : end;
            return;
        }
        if (end >= 0) {
            throw new IllegalArgumentException("it holds several statements, the second in line " + line(i)
                    + "; write one query, and other statements into a file of their own");
        }
        if (next == i && text[i] == '$' && isParameter(i)) {
            throw new IllegalArgumentException("it has a parameter, $" + text[i + 1] + " in line " + line(i)
                    + "; write the value, since a view has no parameters");
        }
        if (first.isEmpty()) {
            first = word(i);
            if (!first.equals("(") && !FIRST.contains(first.toUpperCase(Locale.ROOT))) {
                throw new IllegalArgumentException(
                        "it begins with " + first + "; write a query that begins with SELECT, WITH,"
                                + " VALUES or TABLE, without CREATE MATERIALIZED VIEW … AS");
            }
        }
    }

    /** Behind a letter or digit, a dollar sign is part of a name. */
    private boolean isParameter(int i) {
        return i + 1 < text.length
                && text[i + 1] >= '0'
                && text[i + 1] <= '9'
                && (i == 0 || !(Character.isLetterOrDigit(text[i - 1]) || text[i - 1] == '_' || text[i - 1] == '$'));
    }

    private String word(int i) {
        int to = i;
        while (to < text.length && (Character.isLetterOrDigit(text[to]) || text[to] == '_')) {
            to++;
        }
        return new String(text, i, Math.max(1, to - i));
    }

    private int line(int i) {
        int lines = 1;
        for (int j = 0; j < i; j++) {
            lines += text[j] == '\n' ? 1 : 0;
        }
        return lines;
    }
}
