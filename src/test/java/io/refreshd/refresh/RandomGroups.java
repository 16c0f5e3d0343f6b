package io.refreshd.refresh;

import io.refreshd.refresh.RandomJoins.Use;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Produces queries that group the rows of random joins: GROUP BY, DISTINCT, DISTINCT ON, windows, set operations, and groups that are
 * joined or filtered. The same seed gives the same ones.
 *
 * <p>Their results are determined to the last bit: groups are of whole numbers and text, and nothing depends on the order of rows.
 */
final class RandomGroups {
    private static final List<String> AGGREGATES = List.of(
            "count(*)",
            "sum(%s.a)",
            "max(%s.b)",
            "min(%s.v)",
            "count(DISTINCT %s.b)",
            "avg(%s.a)",
            "array_agg(%s.a ORDER BY %1$s.a)",
            "sum(%s.b) FILTER (WHERE %1$s.a > 1)",
            "percentile_disc(0.5) WITHIN GROUP (ORDER BY %s.a)",
            "bool_or(%s.v IS NULL)");

    private final Random random;
    private final RandomJoins joins;

    RandomGroups(Random random, RandomJoins joins) {
        this.random = random;
        this.joins = joins;
    }

    private boolean one(int in) {
        return random.nextInt(in) == 0;
    }

    private <T> T any(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    String query() {
        return switch (random.nextInt(17)) {
            case 12, 13, 14, 15, 16 -> groupsOfGroups();
            case 0, 1, 2 -> grouped("o", false);
            case 3 -> distinct();
            case 4 -> latest();
            case 5 -> windows(one(2));
            case 6 ->
                "SELECT r.g, r.x, r.n FROM (" + windows(true) + ") r WHERE r.place = 1"
                        + any(List.of("", " AND r.n > 1"));
            case 7, 8, 9 -> joined();
            case 10 -> {
                Use use = joins.use("u");
                yield "WITH p AS (" + grouped("i", true) + ") SELECT p.g0, p.n, u.v FROM p"
                        + any(List.of(" JOIN ", " LEFT JOIN ")) + use.sql() + " ON u.a = p.g0";
            }
            default -> set();
        };
    }

    private List<Use> uses(String prefix) {
        List<Use> uses = new ArrayList<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            uses.add(joins.use(prefix + uses.size()));
        }
        return uses;
    }

    private String from(List<Use> uses) {
        return " FROM " + joins.join(uses) + (one(2) ? " WHERE " + joins.condition(uses, 1) : "");
    }

    /** A whole number that may be NULL, and by which rows of several tables can be compared. */
    private String number(List<Use> uses) {
        String u = any(uses).alias();
        return u + any(List.of(".a", ".b", ".k2"));
    }

    private String group(List<Use> uses) {
        String u = any(uses).alias();
        return switch (random.nextInt(5)) {
            case 0 -> u + ".v";
            case 1 -> "coalesce(" + u + ".a, " + any(uses).alias() + ".b)";
            case 2 -> u + ".a > 2";
            default -> number(uses);
        };
    }

    /** @param whole whether the first group is a column with a whole number */
    private String grouped(String prefix, boolean whole) {
        List<Use> uses = uses(prefix);
        List<String> groups = new ArrayList<>(List.of(whole ? number(uses) : group(uses)));
        while (one(3)) {
            groups.add(group(uses));
        }
        List<String> columns = new ArrayList<>();
        int shown = !whole && one(3) ? random.nextInt(groups.size()) : groups.size();
        groups.subList(0, shown).forEach(group -> columns.add(group + " AS g" + columns.size()));
        columns.add(any(AGGREGATES).formatted(any(uses).alias()) + " AS n");
        columns.add(any(AGGREGATES).formatted(any(uses).alias()) + " AS m");
        String group = groups.getFirst();
        boolean column = group.matches("\\w+\\.(a|b|k2)");
        if (column && one(5)) {
            columns.add("(SELECT " + any(List.of("count(*)", "max(s.n)", "string_agg(s.v, '' ORDER BY s.v)"))
                    + besideGroups(group) + ") AS q");
        }
        return "SELECT " + String.join(", ", columns) + from(uses) + " GROUP BY " + String.join(", ", groups)
                + (column && one(8)
                        ? " HAVING " + any(List.of("", "NOT ")) + "EXISTS (SELECT" + besideGroups(group) + ")"
                        : any(List.of("", "", " HAVING count(*) > 1")));
    }

    private String besideGroups(String group) {
        return " FROM " + joins.ofSubQuery(new ArrayList<>()) + " WHERE s." + any(List.of("a", "b", "k2")) + " = "
                + group;
    }

    private String distinct() {
        List<Use> uses = uses("o");
        return "SELECT DISTINCT " + group(uses) + " AS g, " + group(uses) + " AS h" + from(uses);
    }

    private String latest() {
        List<Use> uses = uses("o");
        String group = group(uses);
        String first = any(uses).alias() + any(List.of(".a", ".v"));
        String second = number(uses);
        return "SELECT DISTINCT ON (" + group + ") " + any(List.of("", group + " AS g, ")) + first + " AS x, " + second
                + " AS y" + from(uses) + " ORDER BY " + group + ", " + first + any(List.of("", " DESC")) + ", "
                + second;
    }

    private String windows(boolean shown) {
        List<Use> uses = uses("o");
        String group = group(uses);
        String order = any(uses).alias() + any(List.of(".a", ".v", ".k2"));
        return "SELECT " + (shown ? group + " AS g, " : "") + order + " AS x, rank() OVER (PARTITION BY " + group
                + " ORDER BY "
                + order
                + any(List.of("", " DESC")) + ") AS place, count(*) OVER (PARTITION BY " + group
                + any(List.of("", ", " + order)) + ") AS n" + from(uses);
    }

    private String joined() {
        List<Use> uses = uses("o");
        String from = joins.join(uses);
        for (int i = random.nextInt(2); i >= 0; i--) {
            from = "(" + from + any(List.of(" LEFT JOIN ", " LEFT JOIN ", " JOIN ", " RIGHT JOIN ")) + "("
                    + grouped("i" + i, true) + ") p" + i + " ON p" + i + ".g0 = " + number(uses)
                    + any(List.of("", "", " AND p" + i + ".n IS NOT NULL")) + ")";
        }
        return "SELECT " + any(uses).alias() + ".v, p0.n, p0.m FROM " + from
                + any(List.of(
                        "",
                        "",
                        " WHERE p0.n IS NOT NULL",
                        " WHERE p0.g0 IS NULL",
                        " WHERE " + joins.condition(uses, 1)));
    }

    private String groupsOfGroups() {
        List<Use> uses = uses("o");
        String counts = " AS g, count(*) AS c, count(i.n) AS d, max(i.m) AS m";
        return switch (random.nextInt(9)) {
            case 0, 1 ->
                "SELECT i.g0" + counts + " FROM (" + counted("j") + ") i" + any(List.of("", " WHERE i.n > 1"))
                        + " GROUP BY i.g0";
            case 2 -> "SELECT s.c AS g, count(*) AS n, max(s.n) AS m FROM (" + set() + ") s GROUP BY s.c";
            case 3 -> "SELECT i.n" + counts + " FROM (" + counted("j") + ") i GROUP BY i.n";
            case 4, 5 -> {
                String group = group(uses);
                yield "SELECT " + group + counts + " FROM " + joins.join(uses)
                        + any(List.of(" LEFT JOIN (", " JOIN (")) + counted("j") + ") i ON i.g0 = " + number(uses)
                        + any(List.of("", " AND i.n > 1")) + any(List.of("", " WHERE i.m IS NULL")) + " GROUP BY "
                        + group;
            }
            case 6 ->
                "SELECT DISTINCT ON (i.g0) i.g0 AS g, i.n, i.m FROM (" + counted("j") + ") i ORDER BY i.g0, i.n, i.m";
            case 7 -> {
                String group = any(uses).alias() + any(List.of(".a", ".b"));
                yield "SELECT unnest(ARRAY[" + group + ", " + any(uses).alias() + ".k2]) AS g, count(*) AS n"
                        + from(uses) + " GROUP BY 1";
            }
            default ->
                "SELECT x.v, x.n FROM (SELECT " + any(uses).alias() + ".v, i.n FROM " + joins.join(uses)
                        + any(List.of(" LEFT JOIN (", " JOIN (")) + counted("j") + ") i ON i.g0 = " + number(uses)
                        + ") x" + any(List.of("", " WHERE x.n > 0"));
        };
    }

    /** Groups of whole numbers, with columns that can be compared. */
    private String counted(String prefix) {
        List<Use> uses = uses(prefix);
        String first = number(uses);
        String groups = first + (one(3) ? ", " + group(uses) : "");
        String m = any(List.of("max(%s.a)", "count(DISTINCT %s.b)", "sum(%s.k2)"))
                .formatted(any(uses).alias());
        return "SELECT " + groups.replaceFirst("(,|$)", " AS g0$1") + ", count(*) AS n, " + m + " AS m" + from(uses)
                + " GROUP BY " + groups;
    }

    private String set() {
        String query = branch("o");
        for (int i = random.nextInt(2); i >= 0; i--) {
            query = "(" + query + ") "
                    + any(List.of("UNION ALL", "UNION ALL", "UNION", "EXCEPT", "EXCEPT ALL", "INTERSECT")) + " ("
                    + branch("o") + ")";
        }
        return one(3) ? "SELECT s.c, s.n FROM (" + query + ") s WHERE s.c > 0" : query;
    }

    private String branch(String prefix) {
        List<Use> uses = uses(prefix);
        String number = number(uses);
        return one(3)
                ? "SELECT " + number + " AS c, count(*) AS n" + from(uses) + " GROUP BY " + number
                : "SELECT " + number + " AS c, " + any(uses).alias() + ".a::bigint AS n" + from(uses);
    }
}
