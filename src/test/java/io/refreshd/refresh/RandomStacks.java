package io.refreshd.refresh;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Produces queries that read views, alone and with each other and with tables. The same seed gives the same ones. */
final class RandomStacks {
    private final Random random;
    private final List<RandomJoins.Table> tables;
    private final List<Source> sources = new ArrayList<>();

    /** @param numbers names of the view's columns that are whole numbers @param all names of all its columns */
    record Source(String name, List<String> numbers, List<String> all) {}

    RandomStacks(Random random, List<RandomJoins.Table> tables) {
        this.random = random;
        this.tables = tables;
    }

    /** @param source has columns that are whole numbers */
    void add(Source source) {
        sources.add(source);
    }

    boolean isEmpty() {
        return sources.isEmpty();
    }

    private <T> T any(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    private String number(Source source, String alias) {
        return alias + "." + any(source.numbers());
    }

    private String join() {
        return any(List.of(" JOIN ", " LEFT JOIN ", " LEFT JOIN "));
    }

    private static String list(Source source) {
        return IntStream.range(0, source.all().size())
                .mapToObj(i -> "x." + source.all().get(i) + " AS s" + i)
                .collect(Collectors.joining(", "));
    }

    String query() {
        Source x = any(sources);
        Source y = any(sources);
        String t = any(tables).name();
        String numberOfTable = "t." + any(List.of("a", "b", "k2"));
        String from = " FROM " + x.name() + " x";
        return switch (random.nextInt(9)) {
            case 0 ->
                "SELECT " + list(x) + from + " WHERE " + number(x, "x") + " > 0 OR " + number(x, "x") + " IS NULL";
            case 1, 2 -> {
                String group = number(x, "x");
                yield "SELECT " + group + " AS g, count(*) AS n, max(" + number(x, "x") + ") AS m" + from + " GROUP BY "
                        + group;
            }
            case 3 ->
                "SELECT " + list(x) + ", t.id AS tid, t.v AS tv" + from + join() + t + " t ON " + numberOfTable + " = "
                        + number(x, "x");
            case 4 ->
                "SELECT " + list(x) + ", " + number(y, "y") + " AS o" + from + join() + y.name() + " y ON "
                        + number(y, "y") + " = " + number(x, "x");
            case 5 ->
                "SELECT t.id, t.v, t.a FROM " + t + " t WHERE " + any(List.of("", "NOT ")) + "EXISTS (SELECT" + from
                        + " WHERE " + number(x, "x") + " = " + numberOfTable + ")";
            case 6 -> "SELECT DISTINCT " + number(x, "x") + " AS g, " + number(x, "x") + " AS h" + from;
            case 7 ->
                "SELECT " + number(x, "x") + "::int AS g" + from + any(List.of(" UNION ", " UNION ALL ", " EXCEPT "))
                        + "SELECT " + number(y, "y") + "::int FROM " + y.name() + " y";
            default -> {
                String group = number(x, "x");
                yield "SELECT t.id, t.a, p.n" + " FROM " + t + " t" + join() + "(SELECT " + group
                        + " AS g, count(*) AS n" + from + " GROUP BY " + group + ") p ON p.g = " + numberOfTable;
            }
        };
    }
}
