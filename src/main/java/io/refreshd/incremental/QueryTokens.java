package io.refreshd.incremental;

import java.util.ArrayList;
import java.util.List;

/** Splits a query, as {@code pg_get_viewdef} writes it, into words, quoted texts and signs. Pure. */
final class QueryTokens {
    /** @param depth in how many brackets it stands; a bracket itself stands outside */
    record Token(String text, int start, int end, int depth) {
        boolean is(String word) {
            return text.equalsIgnoreCase(word);
        }

        /** Whether the token is this name, with or without quotes. */
        boolean names(String name) {
            return text.startsWith("\"") ? text.equals('"' + name.replace("\"", "\"\"") + '"') : text.equals(name);
        }
    }

    private final String query;
    private int at;
    private int depth;

    private QueryTokens(String query) {
        this.query = query;
    }

    /** @throws IllegalArgumentException if a quoted text has no end */
    static List<Token> of(String query) {
        QueryTokens tokens = new QueryTokens(query);
        List<Token> found = new ArrayList<>();
        while (tokens.at < query.length()) {
            int start = tokens.at;
            int before = tokens.depth;
            tokens.skip();
            String text = query.substring(start, tokens.at);
            if (!text.isBlank()) {
                found.add(new Token(text, start, tokens.at, Math.min(before, tokens.depth)));
            }
        }
        return found;
    }

    private void skip() {
        char c = query.charAt(at);
        if (c == '\'' || c == '"') {
            quoted(c, false);
        } else if ((c == 'E' || c == 'e') && at + 1 < query.length() && query.charAt(at + 1) == '\'') {
            at++;
            quoted('\'', true);
        } else if (isWord(c)) {
            while (at < query.length() && isWord(query.charAt(at))) {
                at++;
            }
        } else {
            depth += switch (c) {
                case '(', '[' -> 1;
                case ')', ']' -> -1;
                default -> 0;
            };
            at++;
        }
    }

    private void quoted(char quote, boolean escapes) {
        for (at++; at < query.length(); at++) {
            char c = query.charAt(at);
            if (c == '\\' && escapes) {
                at++;
            } else if (c == quote) {
                if (at + 1 < query.length() && query.charAt(at + 1) == quote) {
                    at++;
                } else {
                    at++;
                    return;
                }
            }
        }
        throw new IllegalArgumentException("a quoted text without an end");
    }

    private static boolean isWord(char c) {
        return Character.isLetterOrDigit(c) || c == '_' || c == '$' || c > 127;
    }
}
