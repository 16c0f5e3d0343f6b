package io.refreshd.refresh;

import io.refreshd.refresh.RandomJoins.Use;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Produces queries with few groups of random joins, whose aggregates are of the kinds that totals carry. The same seed gives the same ones. */
final class RandomTotals {
    private static final List<String> GROUPS = List.of("%s.v", "%s.k2", "%s.b", "%s.a > 2", "coalesce(%s.v, 'x')");

    private static final List<String> AGGREGATES = List.of(
            "count(*)",
            "count(%s.n)",
            "count(%s.v)",
            "sum(%s.a)",
            "sum(%s.n)",
            "sum(%s.n * 1.00)",
            "sum(%s.k2::bigint)",
            "sum(%s.a::smallint)",
            "sum(%s.a + %1$s.b)",
            "avg(%s.a)",
            "avg(%s.n)",
            "avg(%s.b::bigint)",
            "avg(%s.k2::smallint)",
            "min(%s.ts)",
            "max(%s.ts)",
            "min(%s.a)",
            "max(%s.b::bigint)",
            "max(%s.b) FILTER (WHERE %1$s.v IS NOT NULL)",
            "sum(%s.n) FILTER (WHERE %1$s.a > 1)",
            "avg(%s.a) FILTER (WHERE %1$s.n > 1)",
            "count(*) FILTER (WHERE %s.v = 'x')",
            "count(%s.a) FILTER (WHERE %1$s.f > 0)",
            "round(avg(%s.n), 1)",
            "coalesce(sum(%s.a), 0) - count(%1$s.b)",
            "CASE WHEN count(%s.a) > 1 THEN sum(%1$s.n) END",
            "max(%s.ts)::date",
            "sum(1)");

    private static final List<String> HAVING = List.of(
            "",
            "",
            "",
            " HAVING count(*) > 1",
            " HAVING sum(%s.a) IS NOT NULL",
            " HAVING coalesce(avg(%s.n), 0) < 3",
            " HAVING max(%s.ts) IS NULL OR min(%1$s.a) > 0");

    /** One of so many queries has no groups: one row, of all rows. */
    private static final int ONE_IN_ONE_ROW = 6;

    private static final Pattern AGGREGATE_NAME = Pattern.compile(" AS n[0-9]+$");

    private final Random random;
    private final RandomJoins joins;

    RandomTotals(Random random, RandomJoins joins) {
        this.random = random;
        this.joins = joins;
    }

    private String any(List<String> choices, List<Use> uses) {
        return choices.get(random.nextInt(choices.size()))
                .formatted(uses.get(random.nextInt(uses.size())).alias());
    }

    String query() {
        List<Use> uses = new ArrayList<>(List.of(joins.use("o0")));
        if (random.nextInt(3) == 0) {
            uses.add(joins.use("o1"));
        }
        List<String> groups = new ArrayList<>(List.of(any(GROUPS, uses)));
        String further = any(GROUPS, uses);
        if (random.nextInt(3) == 0 && !groups.contains(further)) {
            groups.add(further);
        }
        List<String> columns = new ArrayList<>();
        for (int i = random.nextInt(4) + random.nextInt(2); i >= 0; i--) {
            columns.add(any(AGGREGATES, uses) + " AS n" + columns.size());
        }
        // The others are hidden columns of the store.
        groups.stream()
                .filter(group -> random.nextInt(4) > 0)
                .forEach(group -> columns.add(random.nextInt(columns.size() + 1), group + " AS g" + columns.size()));
        String rows =
                " FROM " + joins.join(uses) + (random.nextInt(3) == 0 ? " WHERE " + joins.condition(uses, 1) : "");
        String having = any(HAVING, uses);
        // Draws nothing, so that a seed leads to the same queries otherwise.
        return rows.hashCode() % ONE_IN_ONE_ROW == 0
                ? "SELECT "
                        + columns.stream()
                                .filter(column -> AGGREGATE_NAME.matcher(column).find())
                                .collect(Collectors.joining(", "))
                        + rows + having
                : "SELECT " + String.join(", ", columns) + rows + " GROUP BY " + String.join(", ", groups) + having;
    }
}
