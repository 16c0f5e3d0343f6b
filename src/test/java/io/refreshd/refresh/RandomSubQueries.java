package io.refreshd.refresh;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** The part of the grammar that has sub-queries in expressions: EXISTS, IN, NOT IN and scalar ones, over tables that may hold NULL. */
final class RandomSubQueries {
    /** What a sub-query reads, and the columns that it may compare. Each has x and role. */
    private static final List<List<String>> INNER = List.of(
            List.of("li", "a", "b", "x"),
            List.of("li", "a", "b"),
            List.of("fl", "id", "x", "n"),
            List.of("plain_fl", "id", "x"),
            List.of("parted", "id", "day", "x"),
            List.of("leaf", "id", "x"),
            List.of("ta", "x", "ref"),
            List.of("(SELECT * FROM fl WHERE x > 1)", "id", "x"),
            List.of("(SELECT l.a, l.b, f.x, f.role FROM li l JOIN fl f ON f.id = l.b)", "a", "b", "x"));

    private static final List<List<String>> OUTER = List.of(
            List.of("fl", "id", "x", "n"),
            List.of("li", "a", "b", "x"),
            List.of("plain_fl", "id", "x"),
            List.of("parted", "id", "day", "x"),
            List.of("(SELECT * FROM fl WHERE role <> 'r2')", "id", "x"));

    private final Random random;

    RandomSubQueries(Random random) {
        this.random = random;
    }

    private <T> T any(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    List<String> schema() {
        List<String> sql = new ArrayList<>(List.of(
                "CREATE TABLE li (a int, b int, role text, x int, PRIMARY KEY (a, b))",
                "CREATE TABLE fl (id int PRIMARY KEY, x int, role text, n bigint)",
                "CREATE VIEW plain_fl AS SELECT role, x, id FROM fl" + any(List.of("", " WHERE role = 'r1'"))));
        for (String table : List.of("li", "fl")) {
            if (random.nextInt(2) == 0) {
                sql.add("ALTER TABLE " + table + " REPLICA IDENTITY FULL");
            }
        }
        return sql;
    }

    /** A view of one table, or of two with a join of any kind. */
    String view() {
        if (random.nextInt(4) == 0) {
            return ofTwoTables();
        }
        List<String> outer = any(OUTER);
        String join = random.nextInt(3) > 0
                ? ""
                : any(List.of(" JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN "))
                        + any(List.of(
                                "fl",
                                "li",
                                "(SELECT * FROM fl f WHERE " + condition("f", List.of("f", "id", "x"), 1) + ")"))
                        + " w ON w.x = o." + column(outer)
                        + (random.nextInt(3) == 0 ? " AND " + condition("o", outer, 1) : "");
        String columns = String.join(
                ", ", outer.subList(1, outer.size()).stream().map(c -> "o." + c).toList());
        if (random.nextInt(5) == 0) {
            columns = "o." + outer.get(1) + ", o.role";
        }
        if (random.nextInt(3) == 0) {
            columns += ", " + expression("o", outer) + " AS e";
        }
        if (!join.isEmpty()) {
            columns += ", w.x AS wx" + (join.contains(" li ") ? ", w.a AS wa, w.b AS wb" : ", w.id AS wid");
        }
        String query = "SELECT " + columns + " FROM " + outer.getFirst() + " o" + join
                + (random.nextInt(4) == 0 ? "" : " WHERE " + condition("o", outer, 2));
        return random.nextInt(5) == 0 ? "SELECT * FROM (" + query + ") q" : query;
    }

    /** The forms in which NULL on either side decides most often. */
    private String ofTwoTables() {
        String inner = any(List.of("l.a", "l.b", "l.x"));
        String outer = any(List.of("o.id", "o.x"));
        String rows = "(SELECT " + inner + " FROM li l" + any(List.of("", " WHERE l.role = 'r1'")) + ")";
        return "SELECT o.id, o.x, o.role FROM fl o WHERE "
                + any(List.of(
                        outer + " NOT IN " + rows,
                        outer + " IN " + rows,
                        "(" + outer + " IN " + rows + ") IS NOT TRUE",
                        "(" + outer + " IN " + rows + ") IS NULL",
                        "NOT EXISTS (SELECT FROM li l WHERE " + inner + " = " + outer + ")"));
    }

    private String column(List<String> table) {
        return table.get(1 + random.nextInt(table.size() - 1));
    }

    private String condition(String outer, List<String> columns, int depth) {
        return switch (random.nextInt(depth > 0 ? 11 : 5)) {
            case 0, 1 -> any(List.of("", "", "NOT ")) + "EXISTS (" + correlated(outer, columns, "") + ")";
            case 2 -> outer + "." + column(columns) + any(List.of(" IN (", " IN (", " NOT IN (")) + list() + ")";
            case 3 -> expression(outer, columns) + any(List.of(" > 0", " IS NULL", " IN (1, 2)"));
            case 4 -> outer + "." + column(columns) + " > 1";
            case 5 -> "(" + condition(outer, columns, depth - 1) + " OR " + condition(outer, columns, depth - 1) + ")";
            case 6 -> condition(outer, columns, depth - 1) + " AND " + outer + ".role = 'r1'";
            case 7 -> "NOT (" + condition(outer, columns, depth - 1) + ")";
            case 8 -> "(" + condition(outer, columns, depth - 1) + ") IS NOT TRUE";
            case 9 ->
                "EXISTS (" + correlated(outer, columns, "") + " AND " + condition("i", List.of("i", "x"), 0) + ")";
            default ->
                "(" + outer + "." + column(columns) + ", " + outer + "." + column(columns)
                        + ") IN (SELECT l.a, l.b FROM li l WHERE l.role = 'r1')";
        };
    }

    private String expression(String outer, List<String> columns) {
        return switch (random.nextInt(5)) {
            case 0, 1 -> "(" + correlated(outer, columns, "count(*)") + ")";
            case 2 -> "(" + correlated(outer, columns, "max(i.x)") + ")";
            case 3 -> "(CASE WHEN " + outer + "." + column(columns) + " IN (" + list() + ") THEN 1 ELSE 0 END)";
            default -> "(EXISTS (" + correlated(outer, columns, "") + "))::int";
        };
    }

    private String correlated(String outer, List<String> columns, String shown) {
        List<String> inner = any(INNER);
        return "SELECT " + shown + " FROM " + inner.getFirst() + " i"
                + any(List.of("", "", "", " LEFT JOIN fl j ON j.id = i.x", " JOIN li j ON j.a = i.x AND j.role = 'r1'"))
                + " WHERE i." + column(inner) + any(List.of(" = ", " = ", " = ", " = ", " < ")) + outer + "."
                + column(columns)
                + any(List.of("", "", " AND i.role = 'r1'", " AND i.x IS NOT NULL"));
    }

    private String list() {
        List<String> inner = any(INNER);
        return "SELECT i." + column(inner) + " FROM " + inner.getFirst() + " i"
                + any(List.of("", "", " WHERE i.role = 'r1'", " WHERE i.x > 1", " UNION SELECT x FROM fl"));
    }

    String change() {
        String table = any(List.of("li", "li", "fl", "fl"));
        String key = table.equals("li")
                ? "a = " + random.nextInt(6) + any(List.of("", " AND b = " + random.nextInt(6)))
                : "id = " + random.nextInt(6);
        if (random.nextInt(25) == 0) {
            return "TRUNCATE " + table;
        }
        return switch (random.nextInt(6)) {
            case 0, 1, 2 ->
                table.equals("li")
                        ? "INSERT INTO li VALUES (" + random.nextInt(6) + ", " + random.nextInt(6) + ", " + role()
                                + ", " + number() + ") ON CONFLICT DO NOTHING"
                        : "INSERT INTO fl VALUES (" + random.nextInt(6) + ", " + number() + ", " + role() + ", "
                                + number() + ") ON CONFLICT DO NOTHING";
            case 3 -> "DELETE FROM " + table + " WHERE " + key;
            case 4 ->
                "UPDATE " + table + " SET " + (table.equals("li") ? any(List.of("a", "b")) : "id") + " = "
                        + random.nextInt(6) + " WHERE " + key;
            default ->
                "UPDATE " + table + " SET " + any(List.of("role = " + role(), "x = " + number())) + " WHERE " + key;
        };
    }

    private String role() {
        return any(List.of("'r1'", "'r1'", "'r2'", "NULL"));
    }

    private String number() {
        return random.nextInt(6) == 0 ? "NULL" : Integer.toString(random.nextInt(6));
    }
}
