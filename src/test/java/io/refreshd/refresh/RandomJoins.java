package io.refreshd.refresh;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Produces schemas, queries that select, project and join, and statements. The same seed gives the same ones.
 *
 * <p>For each query it also says which table is the anchor, which columns are hidden, and by the rule of {@link Use#everything} which
 * changes recompute everything.
 */
final class RandomJoins {
    private static final List<String> TYPES =
            List.of("int", "bigint", "text", "uuid", "numeric", "float8", "timestamptz", "boolean");

    private final Random random;
    private final boolean careless;
    private final List<Table> tables = new ArrayList<>();

    /** @param careless whether hidden tables are taken for ones that are not, so that the test must fail */
    RandomJoins(Random random, boolean careless) {
        this.random = random;
        this.careless = careless;
        for (int i = random.nextInt(4) + 2; i > 0; i--) {
            tables.add(new Table("t" + tables.size(), any(TYPES), random.nextInt(4) == 0));
        }
    }

    record Table(String name, String type, boolean composite) {
        List<String> key() {
            return composite ? List.of("id", "k2") : List.of("id");
        }
    }

    /** One use of a table in a query. */
    static final class Use {
        final Table table;
        final String alias;
        /** Whether no change of the table can be carried through by its keys. */
        boolean everything;
        /** Whether the query shows the table's key. */
        boolean shown = true;

        Use(Table table, String alias) {
            this.table = table;
            this.alias = alias;
        }
    }

    /** A query with its hidden columns first. @param positions by use: the numbers of the columns with its key */
    record Query(String sql, List<Use> uses, List<List<Integer>> positions, int anchor, int hidden, int columns) {}

    /** A part of FROM. */
    private record Part(String sql, Set<Use> uses, Set<Use> nullable) {}

    private <T> T any(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    List<String> schema() {
        List<String> sql = new ArrayList<>(List.of(
                "DROP SCHEMA IF EXISTS public, refreshd_store, harness CASCADE",
                "CREATE SCHEMA public",
                "CREATE SCHEMA refreshd_store",
                "CREATE SCHEMA harness",
                "CREATE TABLE harness.change (xid xid8, name text, key text[])",
                """
                CREATE FUNCTION harness.row_changed() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF TG_OP <> 'INSERT' THEN
                        INSERT INTO harness.change VALUES (pg_current_xact_id(), TG_TABLE_NAME, ARRAY[OLD.id::text, OLD.k2::text]);
                    END IF;
                    IF TG_OP <> 'DELETE' THEN
                        INSERT INTO harness.change VALUES (pg_current_xact_id(), TG_TABLE_NAME, ARRAY[NEW.id::text, NEW.k2::text]);
                    END IF;
                    RETURN NULL;
                END $$""",
                """
                CREATE FUNCTION harness.truncated() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    INSERT INTO harness.change VALUES (pg_current_xact_id(), TG_TABLE_NAME, NULL);
                    RETURN NULL;
                END $$"""));
        for (Table table : tables) {
            sql.add("CREATE TABLE " + table.name + " (id " + table.type
                    + ", k2 int NOT NULL, a int, b int, v text, n numeric, f float8, ts timestamp, PRIMARY KEY ("
                    + String.join(", ", table.key()) + "))");
            sql.add("CREATE TRIGGER c AFTER INSERT OR UPDATE OR DELETE ON " + table.name
                    + " FOR EACH ROW EXECUTE FUNCTION harness.row_changed()");
            sql.add("CREATE TRIGGER t AFTER TRUNCATE ON " + table.name
                    + " FOR EACH STATEMENT EXECUTE FUNCTION harness.truncated()");
            for (int i = 0; i < 6; i++) {
                sql.add(insert(table));
            }
        }
        return sql;
    }

    Query query() {
        List<Use> uses = new ArrayList<>();
        for (int i = random.nextInt(4) + 1 + random.nextInt(2); i > 0; i--) {
            uses.add(new Use(any(tables), "u" + uses.size()));
        }
        Part from = join(uses);
        String where = "";
        if (random.nextInt(2) == 0) {
            Set<Use> referenced = new HashSet<>();
            where = " WHERE " + condition(uses, referenced);
            hide(from, referenced);
        }
        List<Use> anchors =
                uses.stream().filter(use -> !from.nullable.contains(use)).toList();
        Use anchor = any(anchors);
        List<String> columns = new ArrayList<>();
        List<List<Integer>> positions = new ArrayList<>();
        for (Use use : uses) {
            List<Integer> numbers = new ArrayList<>();
            if (use != anchor && random.nextInt(12) == 0) {
                use.shown = false;
                use.everything = true;
            } else {
                for (String column : use.table.key()) {
                    columns.add(use.alias + "." + column);
                    numbers.add(columns.size());
                }
            }
            positions.add(numbers);
        }
        int hidden = columns.size();
        for (int i = random.nextInt(4) + 1; i > 0; i--) {
            columns.add(output(uses));
        }
        StringBuilder list = new StringBuilder();
        for (int i = 0; i < columns.size(); i++) {
            list.append(i == 0 ? "" : ", ")
                    .append(columns.get(i))
                    .append(" AS c")
                    .append(i + 1);
        }
        return new Query(
                "SELECT " + list + " FROM " + from.sql + where,
                uses,
                positions,
                uses.indexOf(anchor),
                hidden,
                columns.size());
    }

    private Part join(List<Use> uses) {
        if (uses.size() == 1) {
            Use use = uses.getFirst();
            return new Part(use.table.name + " " + use.alias, Set.of(use), Set.of());
        }
        int cut = random.nextInt(uses.size() - 1) + 1;
        Part left = join(uses.subList(0, cut));
        Part right = join(uses.subList(cut, uses.size()));
        String type = any(List.of("JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN"));
        Set<Use> referenced = new HashSet<>();
        String on = equation(left, right, referenced);
        if (random.nextInt(4) == 0) {
            on += " AND " + condition(uses, referenced);
        }
        Set<Use> nullable = new LinkedHashSet<>(left.nullable);
        nullable.addAll(right.nullable);
        // The condition decides which rows of an inner join or of a nullable side stay. Of a preserved side all stay,
        // and the condition decides what stands beside them: so it counts if a condition above refers to that.
        switch (type) {
            case "LEFT JOIN" -> {
                hide(right, referenced);
                sides.add(new Side(right.uses, sidesIn(left, referenced)));
            }
            case "RIGHT JOIN" -> {
                hide(left, referenced);
                sides.add(new Side(left.uses, sidesIn(right, referenced)));
            }
            default -> {
                hide(left, referenced);
                hide(right, referenced);
            }
        }
        if (type.equals("LEFT JOIN")) {
            nullable.addAll(right.uses);
        } else if (type.equals("RIGHT JOIN")) {
            nullable.addAll(left.uses);
        }
        Set<Use> all = new LinkedHashSet<>(left.uses);
        all.addAll(right.uses);
        return new Part("(" + left.sql + " " + type + " " + right.sql + " ON " + on + ")", all, nullable);
    }

    /**
     * The nullable side of an outer join. @param decided the nullable sides within the preserved side that decide which row of this side
     * matches
     */
    private record Side(Set<Use> uses, List<Side> decided) {}

    /** The nullable sides of the outer joins made so far. */
    private final List<Side> sides = new ArrayList<>();

    /** The nullable sides within the part to which a condition with these uses refers. */
    private List<Side> sidesIn(Part part, Set<Use> referenced) {
        return sides.stream()
                .filter(side ->
                        part.uses.containsAll(side.uses) && side.uses.stream().anyMatch(referenced::contains))
                .toList();
    }

    /** A condition above the part, which refers to these uses, hides each nullable side within the part to which it refers. */
    private void hide(Part part, Set<Use> referenced) {
        if (!careless) {
            sidesIn(part, referenced).forEach(this::hide);
        }
    }

    private void hide(Side side) {
        side.uses.forEach(use -> use.everything = true);
        side.decided.forEach(this::hide);
    }

    private String equation(Part left, Part right, Set<Use> referenced) {
        Use one = any(List.copyOf(left.uses));
        Use other = any(List.copyOf(right.uses));
        referenced.add(one);
        referenced.add(other);
        if (one.table.type.equals(other.table.type) && random.nextInt(3) == 0) {
            return one.alias + ".id = " + other.alias + ".id";
        }
        if (other.table.type.equals("int") && random.nextInt(2) == 0) {
            return one.alias + ".a = " + other.alias + ".id";
        }
        return one.alias + any(List.of(".a = ", ".b = ")) + other.alias + any(List.of(".a", ".b", ".k2"));
    }

    private String condition(List<Use> uses, Set<Use> referenced) {
        Use use = any(uses);
        Use other = any(uses);
        referenced.add(use);
        String u = use.alias;
        String simple = any(List.of(
                u + ".a > 1",
                u + ".b IS NULL",
                u + ".id IS NOT NULL",
                "coalesce(" + u + ".v, 'x') = 'x'",
                u + ".v IN ('p', 'q')",
                u + ".n < 2",
                "NOT coalesce(" + u + ".f > 0, false)"));
        if (random.nextInt(4) == 0) {
            referenced.add(other);
            return any(List.of(
                    "(" + simple + " OR " + other.alias + ".a IS NOT NULL)",
                    u + ".b IS NOT DISTINCT FROM " + other.alias + ".b",
                    "coalesce(" + u + ".a, " + other.alias + ".a, 1) < 3"));
        }
        return simple;
    }

    private String output(List<Use> uses) {
        Use use = any(uses);
        Use other = any(uses);
        String u = use.alias;
        return any(List.of(
                u + ".v",
                u + ".v",
                u + ".n",
                u + ".f",
                u + ".ts",
                u + ".a",
                u + ".id",
                "coalesce(" + u + ".v, " + other.alias + ".v)",
                "CASE WHEN " + u + ".a > 2 THEN " + other.alias + ".n END",
                u + ".v IS NULL",
                "to_json(" + u + ".v)",
                "upper(" + u + ".v) COLLATE \"C\"",
                u + ".n * 2"));
    }

    /** Statements of one transaction. */
    List<String> transaction() {
        List<String> sql = new ArrayList<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            Table table = any(tables);
            String row = " WHERE id = " + key(table);
            switch (random.nextInt(12)) {
                case 0, 1, 2 -> sql.add(insert(table));
                case 3 -> sql.add("DELETE FROM " + table.name + row);
                case 4 -> {
                    String id = key(table);
                    sql.add("DELETE FROM " + table.name + " WHERE id = " + id);
                    sql.add("DELETE FROM " + any(tables).name + " WHERE a = " + number());
                }
                case 5 -> sql.add("UPDATE " + table.name + " SET id = " + key(table) + row);
                case 6 -> sql.add("UPDATE " + table.name + " SET k2 = " + random.nextInt(3) + row);
                case 7 -> sql.add("UPDATE " + table.name + " SET a = " + number() + ", b = " + number() + row);
                case 8 ->
                    sql.add("UPDATE " + table.name + " SET v = " + text() + ", n = " + numeric() + " WHERE a = "
                            + number());
                case 9 -> {
                    // Moved and moved back.
                    String there = key(table);
                    String here = key(table);
                    sql.add("UPDATE " + table.name + " SET id = " + there + " WHERE id = " + here);
                    sql.add("UPDATE " + table.name + " SET id = " + here + " WHERE id = " + there);
                }
                case 10 -> sql.add("UPDATE " + table.name + " SET f = " + real() + ", ts = " + timestamp() + row);
                default ->
                    sql.add(
                            random.nextInt(12) == 0
                                    ? "TRUNCATE " + table.name
                                    : "UPDATE " + table.name + " SET n = " + numeric() + " WHERE b = " + number());
            }
        }
        if (random.nextInt(4) == 0) {
            sql.add("SAVEPOINT undone");
            sql.add(insert(any(tables)));
            sql.add("DELETE FROM " + any(tables).name + " WHERE b = " + number());
            sql.add("ROLLBACK TO undone");
        }
        return sql;
    }

    private String insert(Table table) {
        return "INSERT INTO " + table.name + " VALUES (" + key(table) + ", " + random.nextInt(3) + ", " + number()
                + ", "
                + number() + ", " + text() + ", " + numeric() + ", " + real() + ", " + timestamp()
                + ") ON CONFLICT DO NOTHING";
    }

    private String key(Table table) {
        int i = random.nextInt(8);
        return switch (table.type) {
            case "text" -> any(List.of("'a'", "'A'", "'it''s'", "'{}'", "'\"q\"'", "'b\\c'", "'NULL'", "','"));
            case "uuid" -> "'00000000-0000-0000-0000-00000000000" + i + "'";
            case "numeric" -> any(List.of("1", "1.0", "1.00", "2", "'NaN'", "-1", "1e20", "0.1"));
            case "float8" -> any(List.of("0", "'-0'", "'NaN'", "'Infinity'", "0.1", "1e-300", "-1", "2"));
            case "timestamptz" ->
                any(List.of(
                        "'2024-01-01 UTC'",
                        "'2024-01-01 00:00:00.000001+02'",
                        "'infinity'",
                        "'0044-03-15 BC'",
                        "'1890-01-01 12:00+00'",
                        "'-infinity'",
                        "'2024-06-01 12:00+00'",
                        "'2024-06-01 14:00+02'"));
            case "boolean" -> i % 2 == 0 ? "false" : "true";
            default -> Integer.toString(i);
        };
    }

    private String number() {
        return any(List.of("NULL", "0", "1", "2", "3", "4"));
    }

    private String text() {
        return any(List.of("NULL", "'x'", "'p'", "'q'", "''"));
    }

    private String numeric() {
        return any(List.of("NULL", "1.0", "1.00", "1", "'NaN'", "3"));
    }

    private String real() {
        return any(List.of("NULL", "0", "'-0'", "'NaN'", "0.1", "'-Infinity'"));
    }

    private String timestamp() {
        return any(List.of("NULL", "'infinity'", "'0044-03-15 BC'", "'2024-01-01 00:00:00.000001'"));
    }

    /** For people who look at a seed. */
    static String describe(Query query) {
        return query.sql() + " -- anchor " + query.uses().get(query.anchor()).alias + ", everything for "
                + query.uses().stream()
                        .filter(use -> use.everything)
                        .map(use -> use.alias)
                        .collect(Collectors.joining(" "));
    }
}
