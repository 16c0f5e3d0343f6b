package io.refreshd.refresh;

import io.refreshd.refresh.RandomJoins.Use;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Produces what a query computes for each row: LATERAL sub-selects, functions and VALUES in FROM, and sub-queries in columns that depend on
 * the order of rows. Each is determined to the last bit.
 */
final class RandomComputed {
    private final Random random;
    private final RandomJoins joins;

    RandomComputed(Random random, RandomJoins joins) {
        this.random = random;
        this.joins = joins;
    }

    /**
     * What is joined last.
     *
     * @param condition on it
     * @param column of it
     */
    record Joined(String sql, String condition, String column) {}

    private <T> T any(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    Joined join(List<Use> uses) {
        Use use = any(uses);
        String join = any(List.of(" LEFT JOIN ", " LEFT JOIN ", " JOIN "));
        String on = any(List.of(" ON true", " ON true", " ON l.a > 0"));
        String condition = any(List.of("l.a > 1", "l.a IS NULL", "coalesce(l.a, 1) = 1", "l.v IS NOT NULL"));
        return switch (random.nextInt(10)) {
            case 0 ->
                new Joined(
                        join + "LATERAL unnest(ARRAY[" + use.alias() + ".a, "
                                + any(uses).alias() + ".b]) l(a)" + on,
                        "l.a > 1",
                        "l.a");
            case 1 ->
                new Joined(join + "LATERAL generate_series(1, " + use.alias() + ".a) l(a)" + on, "l.a > 1", "l.a");
            case 2 ->
                new Joined(
                        join + "(VALUES (1, 'one'), (2, 'two'), (2, 'zwei')) l(a, v) ON l.a = " + use.alias() + ".b",
                        condition,
                        "l.v");
            default ->
                new Joined(join + "LATERAL (" + lateral(use) + ") l" + on, condition, any(List.of("l.a", "l.v")));
        };
    }

    private String lateral(Use use) {
        List<Use> inner = new ArrayList<>();
        String from = " FROM " + joins.ofSubQuery(inner) + " WHERE " + joins.equation(use, any(inner))
                + any(List.of("", "", " AND s.n < 2", " AND s.v IS NOT NULL"));
        return switch (random.nextInt(5)) {
            case 0 -> "SELECT s.a, s.v" + from;
            case 1 -> "SELECT count(*) AS a, string_agg(s.v, ',' ORDER BY s.v) AS v" + from;
            case 2 -> "SELECT s.a, max(s.v) AS v" + from + " GROUP BY s.a";
            // Rows that the order does not tell apart are equal.
            default ->
                "SELECT s.a, s.v" + from + " ORDER BY s.a" + any(List.of("", " DESC")) + ", s.v LIMIT "
                        + any(List.of("1", "1", "2"));
        };
    }

    String scalar(Use use) {
        List<Use> inner = new ArrayList<>();
        String from = " FROM " + joins.ofSubQuery(inner) + " WHERE " + joins.equation(use, any(inner));
        return switch (random.nextInt(4)) {
            case 0 -> "ARRAY(SELECT s.a" + from + " ORDER BY s.a)";
            case 1 -> "(SELECT string_agg(s.v, ',' ORDER BY s.v)" + from + ")";
            case 2 -> use.alias() + ".a >= ALL (SELECT s.b" + from + ")";
            default -> "(SELECT s.v" + from + " ORDER BY s.v" + any(List.of("", " DESC")) + " LIMIT 1)";
        };
    }
}
