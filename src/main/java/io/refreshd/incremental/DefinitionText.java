package io.refreshd.incremental;

import io.refreshd.catalog.IncrementalQuery.HiddenColumn;
import io.refreshd.model.SqlNames;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Puts hidden columns before those of a query as {@code pg_get_viewdef} writes it, and takes them away again. Pure.
 *
 * <p>Invariant: only the place of the outermost SELECT list is found here. What the result means is for the server to say, and is
 * compared with what was meant.
 */
final class DefinitionText {
    private final String query;
    private int at;
    private int depth;

    private DefinitionText(String query) {
        this.query = query;
    }

    /** @throws IllegalArgumentException if the query has no SELECT outside of brackets and quotes */
    static String withHidden(String query, List<HiddenColumn> hidden) {
        if (hidden.isEmpty()) {
            return query;
        }
        int list = new DefinitionText(query).behindSelect();
        String columns = hidden.stream()
                .map(column -> SqlNames.identifier(column.alias()) + "." + SqlNames.identifier(column.column()) + " AS "
                        + SqlNames.identifier(column.name()) + ",")
                .collect(Collectors.joining(" ", " ", ""));
        return query.substring(0, list) + columns + query.substring(list);
    }

    /** @throws IllegalArgumentException if the outermost SELECT has no more than that many columns */
    static String without(String query, int hidden) {
        DefinitionText text = new DefinitionText(query);
        int list = text.behindSelect();
        for (int i = 0; i < hidden; i++) {
            text.skipBehindComma();
        }
        return query.substring(0, list) + " " + query.substring(text.at).stripLeading();
    }

    private int behindSelect() {
        while (at < query.length()) {
            int start = at;
            String word = next();
            if (depth == 0 && word.equalsIgnoreCase("SELECT") && query.charAt(start) != '"') {
                return at;
            }
        }
        throw new IllegalArgumentException("a query without SELECT");
    }

    private void skipBehindComma() {
        while (at < query.length()) {
            if (next().equals(",") && depth == 0) {
                return;
            }
        }
        throw new IllegalArgumentException("a query with fewer columns");
    }

    /** Moves behind the next token. @return it, if it is a word or a sign; else something that is neither */
    private String next() {
        int start = at;
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
        return query.substring(start, at);
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
