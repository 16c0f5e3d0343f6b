package io.refreshd.config;

import java.util.ArrayList;
import java.util.List;

/**
 * One SQL statement with the placeholder {@code {role}} where a value may stand.
 *
 * <p>Invariant: no placeholder is within quotes or a comment. The server quotes the role as a literal, and a quoted literal
 * within quotes would end them: SQL injection.
 *
 * @param parts the text before, between and after the placeholders
 */
public record SqlTemplate(List<String> parts) {
    private static final String ROLE = "{role}";

    public SqlTemplate {
        parts = List.copyOf(parts);
    }

    static SqlTemplate parse(String text) throws InvalidValueException {
        String sql = statement(text);
        List<String> parts = new ArrayList<>();
        int from = 0;
        int at = 0;
        while (at < sql.length()) {
            int end = quotedEnd(sql, at);
            if (end > at) {
                if (sql.substring(at, end).contains(ROLE)) {
                    throw new InvalidValueException(
                            ROLE + " within quotes or a comment",
                            "write it bare, as in role = {role}: it is replaced by a quoted literal");
                }
                at = end;
            } else if (sql.startsWith(ROLE, at)) {
                parts.add(sql.substring(from, at));
                at += ROLE.length();
                from = at;
            } else if (sql.charAt(at) == ';') {
                throw new InvalidValueException("more than one statement", "write a single SELECT");
            } else {
                at++;
            }
        }
        parts.add(sql.substring(from));
        return new SqlTemplate(parts);
    }

    /** The statement without a semicolon at its end. */
    static String statement(String text) throws InvalidValueException {
        String sql = text.strip();
        while (sql.endsWith(";")) {
            sql = sql.substring(0, sql.length() - 1).strip();
        }
        if (sql.isEmpty()) {
            throw new InvalidValueException("is empty", "write a SELECT");
        }
        return sql;
    }

    /**
     * The statement with each placeholder replaced by a literal. The parentheses around it keep it apart from the text beside it.
     *
     * @param literal the role as a literal quoted by the server
     */
    public String with(String literal) {
        return String.join("(" + literal + ")", parts);
    }

    /** The end of the quotes or the comment that begin at a position; the position itself if none begin there. */
    private static int quotedEnd(String sql, int at) throws InvalidValueException {
        char c = sql.charAt(at);
        if (c == '\'') {
            boolean escapes = at > 0 && (sql.charAt(at - 1) == 'E' || sql.charAt(at - 1) == 'e');
            return closing(sql, at, c, escapes);
        }
        if (c == '"') {
            return closing(sql, at, c, false);
        }
        if (sql.startsWith("--", at)) {
            int end = sql.indexOf('\n', at);
            return end < 0 ? sql.length() : end;
        }
        if (sql.startsWith("/*", at)) {
            return commentEnd(sql, at);
        }
        return c == '$' ? dollarEnd(sql, at) : at;
    }

    private static int closing(String sql, int at, char quote, boolean escapes) throws InvalidValueException {
        int i = at + 1;
        while (i < sql.length()) {
            if (escapes && sql.charAt(i) == '\\') {
                i += 2;
            } else if (sql.charAt(i) != quote) {
                i++;
            } else if (i + 1 < sql.length() && sql.charAt(i + 1) == quote) {
                i += 2;
            } else {
                return i + 1;
            }
        }
        throw unclosed();
    }

    private static int commentEnd(String sql, int at) throws InvalidValueException {
        int depth = 0;
        for (int i = at; i + 1 < sql.length(); i++) {
            if (sql.startsWith("/*", i)) {
                depth++;
                i++;
            } else if (sql.startsWith("*/", i)) {
                depth--;
                i++;
                if (depth == 0) {
                    return i + 1;
                }
            }
        }
        throw unclosed();
    }

    private static int dollarEnd(String sql, int at) throws InvalidValueException {
        boolean withinName = at > 0 && Character.isJavaIdentifierPart(sql.charAt(at - 1));
        int i = at + 1;
        while (i < sql.length() && sql.charAt(i) != '$' && Character.isJavaIdentifierPart(sql.charAt(i))) {
            i++;
        }
        if (withinName || i >= sql.length() || sql.charAt(i) != '$' || Character.isDigit(sql.charAt(at + 1))) {
            return at;
        }
        String tag = sql.substring(at, i + 1);
        int end = sql.indexOf(tag, i + 1);
        if (end < 0) {
            throw unclosed();
        }
        return end + tag.length();
    }

    private static InvalidValueException unclosed() {
        return new InvalidValueException("quotes or a comment are not closed", "close them");
    }
}
