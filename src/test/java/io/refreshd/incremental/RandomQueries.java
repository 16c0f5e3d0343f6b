package io.refreshd.incremental;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Produces queries that join four tables a, b, c and d of the columns id, x and y, with outer joins, self-joins, sub-selects, plain views,
 * queries of WITH, and sub-queries in expressions. The same seed gives the same ones.
 *
 * <p>Most queries can be kept by keys. A condition above an outer join, or a sub-select that hides a key, is the exception.
 */
final class RandomQueries {
    static final List<String> TABLES = List.of("a", "b", "c", "d");

    /** Plain views over the tables. The first two show no key of the table, the last three join, of which one shows no key. */
    static final List<String> VIEWS = List.of(
            "CREATE VIEW keyless AS SELECT x, y FROM b",
            "CREATE VIEW filtered AS SELECT y AS x, x AS y FROM c WHERE y < 3 OR y IS NULL",
            "CREATE VIEW keyed AS SELECT d.x, d.id, d.y FROM d WHERE x > 0",
            "CREATE VIEW pairs AS SELECT b.id, b.x, c.y FROM b LEFT JOIN c ON c.x = b.y",
            "CREATE VIEW shadowed AS SELECT b.x, c.y FROM b JOIN c ON c.id = b.y WHERE EXISTS (SELECT FROM d WHERE d.x = b.id)",
            "CREATE VIEW checked AS SELECT d.id, d.x, b.y FROM d JOIN b ON b.id = d.y"
                    + " WHERE EXISTS (SELECT FROM c WHERE c.x = d.x)");

    private final Random random;

    RandomQueries(Random random) {
        this.random = random;
    }

    private <T> T any(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    private boolean one(int in) {
        return random.nextInt(in) == 0;
    }

    /** What FROM reads, and its columns. */
    private record Item(String sql, String alias, List<String> columns) {}

    String query() {
        int count = 1 + random.nextInt(3) + random.nextInt(2);
        List<Item> items = IntStream.range(0, count).mapToObj(this::item).toList();
        String with = "";
        if (one(8)) {
            with = "WITH w AS (SELECT id, x, y FROM " + any(TABLES) + any(List.of("", " WHERE x < 3")) + ") ";
            List<Item> more = new ArrayList<>(items);
            more.set(random.nextInt(count), new Item("w q", "q", List.of("id", "x", "y")));
            items = more;
        }
        String from = items.getFirst().sql();
        for (int i = 1; i < count; i++) {
            String kind = any(List.of("JOIN", "LEFT JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN"));
            if (one(12)) {
                kind = "FULL JOIN";
            }
            List<Item> before = items.subList(0, i);
            String on = column(before) + " = " + column(List.of(items.get(i)));
            if (!kind.equals("FULL JOIN") && one(4)) {
                on += " AND " + condition(items.subList(0, i + 1), 1);
            }
            String left = i == 1 ? from : "(" + from + ")";
            String right = items.get(i).sql();
            from = one(4)
                    ? right + " " + kind + " " + left + " ON " + on
                    : left + " " + kind + " " + right + " ON " + on;
        }
        List<Item> all = items;
        String where = "";
        if (one(3)) {
            where = " WHERE " + condition(items, 2);
        } else if (one(3)) {
            // On the table that comes first, which is mostly on no nullable side.
            where = " WHERE " + condition(items.subList(0, 1), 2);
        }
        String shown = IntStream.range(0, 1 + random.nextInt(2))
                .mapToObj(i -> output(all) + " AS o" + i)
                .collect(Collectors.joining(", "));
        return with + "SELECT " + shown + " FROM " + from + where;
    }

    private Item item(int number) {
        String alias = "t" + number;
        String table = one(3) ? "a" : TABLES.get(number % TABLES.size());
        return switch (random.nextInt(10)) {
            case 0 -> new Item(any(List.of("keyless ", "filtered ", "shadowed ")) + alias, alias, List.of("x", "y"));
            case 1 -> new Item(any(List.of("keyed ", "pairs ", "checked ")) + alias, alias, List.of("id", "x", "y"));
            case 2 ->
                new Item(
                        "(SELECT x, y FROM " + table + any(List.of("", " WHERE y > 0")) + ") " + alias,
                        alias,
                        List.of("x", "y"));
            case 3 ->
                new Item(
                        "(SELECT i.id, i.x, coalesce(j.y, i.y) AS y FROM " + table + " i "
                                + any(List.of("JOIN ", "LEFT JOIN ")) + any(TABLES) + " j ON j.x = i."
                                + any(List.of("id", "y")) + any(List.of("", "", " WHERE i.x > 0", " WHERE j.y IS NULL"))
                                + ") " + alias,
                        alias,
                        List.of("id", "x", "y"));
            default -> new Item(table + " " + alias, alias, List.of("id", "x", "y"));
        };
    }

    private String condition(List<Item> items, int depth) {
        return switch (random.nextInt(depth > 0 ? 10 : 5)) {
            case 0 -> column(items) + any(List.of(" IS NULL", " IS NOT NULL"));
            case 1 -> "coalesce(" + column(items) + ", 1) < coalesce(" + column(items) + ", 2)";
            case 2 -> column(items) + any(List.of(" > 1", " > 0"));
            case 3 -> column(items) + " = " + column(items);
            case 4 -> "(" + column(items) + " < 3 OR " + column(items) + " IS NULL)";
            case 5, 6 -> any(List.of("", "NOT ")) + "EXISTS (" + correlated(items, "", depth) + ")";
            case 7 -> column(items) + any(List.of(" IN (", " IN (", " NOT IN (")) + list(items) + ")";
            case 8 -> "(" + correlated(items, any(List.of("count(*)", "max(s.x)")), depth) + ") > 0";
            default ->
                "(" + condition(items, depth - 1) + any(List.of(" OR ", " AND ")) + condition(items, depth - 1) + ")";
        };
    }

    private String output(List<Item> items) {
        return switch (random.nextInt(8)) {
            case 0 -> "(" + correlated(items, any(List.of("count(*)", "max(s.x)", "min(s.id)")), 1) + ")";
            case 1 -> column(items) + " IN (" + list(items) + ")";
            case 2 -> "coalesce(" + column(items) + ", " + column(items) + ")";
            default -> column(items);
        };
    }

    /** @param shown what the sub-query selects */
    private String correlated(List<Item> items, String shown, int depth) {
        String from = any(List.of("a s", "b s", "c s", "d s", "d s", "pairs s", "keyed s"));
        List<String> inner = new ArrayList<>(List.of("s"));
        for (String alias : List.of("u", "v")) {
            if (one(3)) {
                from += join() + any(TABLES) + " " + alias + " ON " + alias + "." + name() + " = " + any(inner) + "."
                        + name();
                inner.add(alias);
            }
        }
        String where = any(inner) + "." + name() + (one(12) ? " < " : " = ") + column(items);
        if (one(3)) {
            where += " AND " + (one(2) ? "s.y > 0" : column(items) + " < 4");
        }
        if (depth > 0 && one(4)) {
            where += " AND " + any(List.of("", "NOT ")) + "EXISTS (" + nested(inner) + ")";
        } else if (depth > 0 && one(8)) {
            where += " AND " + any(inner) + "." + name() + any(List.of(" IN (", " NOT IN (")) + list(items) + ")";
        }
        String query = "SELECT " + shown + " FROM " + from + " WHERE " + where;
        return shown.isEmpty() && one(10)
                ? query.replaceFirst("SELECT ", "SELECT s.y") + " UNION SELECT n.y FROM " + any(TABLES) + " n WHERE n."
                        + name() + " = " + column(items)
                : query;
    }

    private String nested(List<String> around) {
        return "SELECT FROM " + any(TABLES) + " n"
                + (one(3) ? join() + any(TABLES) + " o ON o." + name() + " = n." + name() : "") + " WHERE n." + name()
                + " = " + any(around) + "." + name();
    }

    private String list(List<Item> items) {
        return "SELECT s." + name() + " FROM " + any(TABLES) + " s"
                + (one(3) ? join() + any(TABLES) + " u ON u." + name() + " = s." + name() : "")
                + any(List.of("", "", " WHERE s.y > 0", " WHERE s.x = " + column(items)));
    }

    private String join() {
        return any(List.of(" JOIN ", " JOIN ", " LEFT JOIN ", " RIGHT JOIN "));
    }

    private String column(List<Item> items) {
        Item item = any(items);
        return item.alias() + "." + any(item.columns());
    }

    private String name() {
        return any(List.of("id", "x", "x", "y"));
    }
}
