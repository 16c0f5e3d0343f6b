package io.refreshd.model;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * What solves a problem: SQL statements, words for people, or both.
 *
 * <p>Invariant: {@code sql} holds nothing but statements that the server accepts as they are, and {@code text} holds no statement.
 * Programs run the one and show the other.
 *
 * @param sql the statements in the order in which they run, each without a semicolon at its end; empty if words alone help
 * @param text what else to do or to know, or another way that leaves a choice; empty if the statements suffice
 */
public record Remedy(List<String> sql, String text) {
    public static final Remedy NONE = new Remedy(List.of(), "");

    public Remedy {
        sql = sql.stream().map(Remedy::withoutSemicolon).toList();
        Objects.requireNonNull(text);
    }

    public static Remedy sql(String... statements) {
        return sql(Arrays.asList(statements));
    }

    public static Remedy sql(List<String> statements) {
        return new Remedy(statements, "");
    }

    /** The remedy that {@link #toString} wrote, told its statements. */
    public static Remedy of(String whole, List<String> sql) {
        String statements = String.join("; ", sql);
        return whole.startsWith(statements)
                ? new Remedy(sql, whole.substring(statements.length()).replaceFirst("^; -- ", ""))
                : new Remedy(sql, whole);
    }

    /** A step that is no SQL. */
    public static Remedy text(String step) {
        return new Remedy(List.of(), step);
    }

    /** The same statements with words beside them. */
    public Remedy and(String words) {
        return new Remedy(sql, text.isEmpty() ? words : text + "; " + words);
    }

    /** This remedy, then another one. Whatever both say is said once. */
    public Remedy then(Remedy next) {
        return new Remedy(
                Stream.concat(sql.stream(), next.sql.stream()).distinct().toList(),
                String.join(
                        "; ",
                        Stream.of(text, next.text)
                                .filter(words -> !words.isEmpty())
                                .distinct()
                                .toList()));
    }

    public boolean isEmpty() {
        return sql.isEmpty() && text.isEmpty();
    }

    /** For people, on lines: the statements, each with a semicolon, and the words as a comment. A psql takes it as it is. */
    public String lines() {
        return sql.isEmpty() ? text : String.join(";\n", sql) + ";" + (text.isEmpty() ? "" : "\n-- " + text);
    }

    /** For people, in a sentence: the statements, then the words. */
    @Override
    public String toString() {
        return sql.isEmpty() ? text : String.join("; ", sql) + (text.isEmpty() ? "" : "; -- " + text);
    }

    private static String withoutSemicolon(String statement) {
        String stripped = statement.strip();
        return stripped.endsWith(";")
                ? stripped.substring(0, stripped.length() - 1).strip()
                : stripped;
    }
}
