package io.refreshd.refresh;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Produces schemas, statements, and queries that select, project and join, with sub-selects, plain views, queries of WITH and
 * sub-queries in expressions. The same seed gives the same ones.
 */
final class RandomJoins {
    private static final List<String> TYPES =
            List.of("int", "bigint", "text", "uuid", "numeric", "float8", "timestamptz", "boolean");

    /** The columns of each table beside its key. */
    private static final List<String> COLUMNS = List.of("k2", "a", "b", "v", "n", "f", "ts");

    private final Random random;
    private final List<Table> tables = new ArrayList<>();
    private final RandomComputed computed;

    RandomJoins(Random random) {
        this.random = random;
        this.computed = new RandomComputed(random, this);
        for (int i = random.nextInt(4) + 2; i > 0; i--) {
            // Integers more often than other types: they are compared with other columns.
            String type = one(3) ? "int" : any(TYPES);
            tables.add(new Table(
                    "t" + tables.size(),
                    type,
                    switch (random.nextInt(10)) {
                        case 0, 1 -> Kind.TWO_KEY_COLUMNS;
                        case 2 -> Kind.PARTITIONED;
                        // The first table has a key, so that some view has an anchor.
                        case 3 -> tables.isEmpty() ? Kind.PLAIN : Kind.WITHOUT_KEY;
                        default -> Kind.PLAIN;
                    },
                    one(2)));
        }
    }

    enum Kind {
        PLAIN,
        TWO_KEY_COLUMNS,
        /** Rows of k2 = 0 in one partition, the others in one whose columns are in another order. */
        PARTITIONED,
        /** Holds equal rows. Its rows are found by values alone. */
        WITHOUT_KEY
    }

    /** @param full whether the replica identity is FULL, if there is a key */
    record Table(String name, String type, Kind kind, boolean full) {
        List<String> key() {
            return switch (kind) {
                case PLAIN -> List.of("id");
                case TWO_KEY_COLUMNS, PARTITIONED -> List.of("id", "k2");
                case WITHOUT_KEY -> List.of();
            };
        }

        /** Whether the log holds whole old rows. */
        boolean whole() {
            return full || kind == Kind.WITHOUT_KEY;
        }

        /** The tables that the log names. */
        List<String> leaves() {
            return kind == Kind.PARTITIONED ? List.of(name + "_0", name + "_1") : List.of(name);
        }
    }

    /** What FROM reads. @param shown whether it shows the first column of the table's key */
    record Use(Table table, String alias, String sql, boolean shown) {}

    List<Table> tables() {
        return tables;
    }

    private boolean one(int in) {
        return random.nextInt(in) == 0;
    }

    private <T> T any(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    List<String> schema() {
        List<String> sql = new ArrayList<>(List.of(
                "DROP SCHEMA IF EXISTS public, refreshd_store, harness CASCADE",
                "CREATE SCHEMA public",
                "CREATE SCHEMA refreshd_store",
                "CREATE SCHEMA harness",
                "CREATE TABLE harness.change (xid xid8, name text, op text, was text[], is_now text[])",
                "SET client_min_messages = error",
                """
                -- The log holds what output functions give: 't', where a cast of a boolean gives 'true'.
                CREATE FUNCTION harness.row_changed() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    INSERT INTO harness.change VALUES (pg_current_xact_id(), TG_TABLE_NAME, TG_OP,
                        CASE WHEN TG_OP <> 'INSERT' THEN ARRAY[format('%s', OLD.id), OLD.k2::text, OLD.a::text, OLD.b::text, OLD.v] END,
                        CASE WHEN TG_OP <> 'DELETE' THEN ARRAY[format('%s', NEW.id), NEW.k2::text, NEW.a::text, NEW.b::text, NEW.v] END);
                    RETURN NULL;
                END $$""",
                """
                CREATE FUNCTION harness.truncated() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    INSERT INTO harness.change VALUES (pg_current_xact_id(), TG_TABLE_NAME, TG_OP, NULL, NULL);
                    RETURN NULL;
                END $$"""));
        for (Table table : tables) {
            sql.add("CREATE TABLE " + table.name + " (id " + table.type
                    + " NOT NULL, k2 int NOT NULL, a int, b int, v text, n numeric, f float8, ts timestamp"
                    + (table.key().isEmpty() ? ")" : ", PRIMARY KEY (" + String.join(", ", table.key()) + "))")
                    + (table.kind == Kind.PARTITIONED ? " PARTITION BY LIST (k2)" : ""));
            if (table.kind == Kind.PARTITIONED) {
                String other = table.leaves().get(1);
                sql.add("CREATE TABLE " + table.leaves().get(0) + " PARTITION OF " + table.name + " FOR VALUES IN (0)");
                sql.add("CREATE TABLE " + other + " (gone int, ts timestamp, f float8, n numeric, v text, b int, a int,"
                        + " k2 int NOT NULL, id " + table.type + " NOT NULL)");
                sql.add("ALTER TABLE " + other + " DROP COLUMN gone");
                sql.add("ALTER TABLE " + table.name + " ATTACH PARTITION " + other + " FOR VALUES IN (1, 2)");
            }
            sql.add("CREATE TRIGGER c AFTER INSERT OR UPDATE OR DELETE ON " + table.name
                    + " FOR EACH ROW EXECUTE FUNCTION harness.row_changed()");
            sql.add("CREATE TRIGGER t AFTER TRUNCATE ON " + table.name
                    + " FOR EACH STATEMENT EXECUTE FUNCTION harness.truncated()");
            if (table.whole()) {
                table.leaves().forEach(leaf -> sql.add("ALTER TABLE " + leaf + " REPLICA IDENTITY FULL"));
            }
            sql.add("CREATE VIEW keyless_" + table.name + " AS SELECT " + String.join(", ", COLUMNS) + " FROM "
                    + table.name);
            sql.add("CREATE VIEW some_" + table.name + " AS SELECT * FROM " + table.name + " WHERE a < 4 OR a IS NULL");
            for (int i = 0; i < 6; i++) {
                sql.add(insert(table));
            }
        }
        return sql;
    }

    /** The rows of the first table, which has a key. */
    String oneTable() {
        return "SELECT id, k2, a, v FROM " + tables.getFirst().name();
    }

    String query() {
        List<Use> uses = new ArrayList<>();
        for (int i = random.nextInt(3) + 1 + random.nextInt(2); i > 0; i--) {
            uses.add(use("u" + uses.size()));
        }
        String with = "";
        if (one(10)) {
            Table table = any(tables);
            with = "WITH w AS (SELECT * FROM " + table.name + any(List.of("", " WHERE b IS NOT NULL")) + ") ";
            Use replaced = uses.getLast();
            uses.set(uses.size() - 1, new Use(table, replaced.alias, "w " + replaced.alias, true));
        }
        String from = join(uses);
        Optional<RandomComputed.Joined> computed = one(5) ? Optional.of(this.computed.join(uses)) : Optional.empty();
        from += computed.map(RandomComputed.Joined::sql).orElse("");
        String where = "";
        if (computed.isPresent() && one(3)) {
            where = " WHERE " + computed.get().condition();
        } else if (one(3)) {
            where = " WHERE " + condition(uses, 2);
        } else if (one(2)) {
            // Of one that is often on no nullable side.
            where = " WHERE " + condition(uses.subList(0, 1), 2);
        }
        List<String> columns = new ArrayList<>();
        for (int i = random.nextInt(4) + 1; i > 0; i--) {
            columns.add(output(uses) + " AS c" + columns.size());
        }
        computed.ifPresent(joined -> columns.add(joined.column() + " AS c" + columns.size()));
        if (one(25)) {
            columns.add("unnest(ARRAY[" + any(uses).alias + ".a, " + any(uses).alias + ".b]) AS c" + columns.size());
        }
        return with + "SELECT " + String.join(", ", columns) + " FROM " + from + where;
    }

    Use use(String alias) {
        Table table = any(tables);
        String t = table.name;
        return switch (random.nextInt(12)) {
            case 0 -> new Use(table, alias, "keyless_" + t + " " + alias, false);
            case 1 -> new Use(table, alias, "some_" + t + " " + alias, true);
            case 2 ->
                new Use(
                        table,
                        alias,
                        "(SELECT " + String.join(", ", COLUMNS) + " FROM " + t + any(List.of("", " WHERE n < 2")) + ") "
                                + alias,
                        false);
            case 3 ->
                new Use(
                        table,
                        alias,
                        "(SELECT i.* FROM " + t + " i" + any(List.of(" JOIN ", " LEFT JOIN ")) + any(tables).name
                                + " j ON j.a = i.b" + any(List.of("", " AND j.b > 1", " WHERE j.id IS NULL")) + ") "
                                + alias,
                        true);
            default -> new Use(table, alias, t + " " + alias, true);
        };
    }

    String join(List<Use> uses) {
        if (uses.size() == 1) {
            return uses.getFirst().sql;
        }
        int cut = random.nextInt(uses.size() - 1) + 1;
        List<Use> left = uses.subList(0, cut);
        List<Use> right = uses.subList(cut, uses.size());
        String type = any(List.of("JOIN", "LEFT JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN"));
        String on = equation(any(left), any(right));
        if (one(20)) {
            type = "FULL JOIN";
        } else if (one(5)) {
            on += " AND " + condition(uses, 1);
        }
        return "(" + join(left) + " " + type + " " + join(right) + " ON " + on + ")";
    }

    String equation(Use one, Use other) {
        if (one.shown && other.shown && one.table.type.equals(other.table.type) && one(3)) {
            return one.alias + ".id = " + other.alias + ".id";
        }
        if (other.shown && isNumber(other.table.type) && one(2)) {
            return one.alias + ".a = " + other.alias + ".id";
        }
        if (one.shown && isNumber(one.table.type) && one(2)) {
            return one.alias + ".id = " + other.alias + ".a";
        }
        if (one(4)) {
            return one.alias + ".v = " + other.alias + ".v";
        }
        return one.alias + any(List.of(".a = ", ".b = ")) + other.alias + any(List.of(".a", ".b", ".k2"));
    }

    private static boolean isNumber(String type) {
        return type.equals("int") || type.equals("bigint") || type.equals("numeric");
    }

    String condition(List<Use> uses, int depth) {
        Use use = any(uses);
        String u = use.alias;
        String o = any(uses).alias;
        return switch (random.nextInt(depth > 0 ? 18 : 10)) {
            case 0, 1 -> u + ".a > 1";
            case 2 -> u + ".b IS NULL";
            case 3 -> u + (use.shown ? ".id IS NOT NULL" : ".k2 IS NULL");
            case 4 -> "coalesce(" + u + ".v, 'x') = 'x'";
            case 5 -> u + ".v IN ('p', 'q')";
            case 6 -> "NOT coalesce(" + u + ".f > 0, false)";
            case 7 -> "(" + u + ".n < 2 OR " + o + ".a IS NOT NULL)";
            case 8 -> u + ".b IS NOT DISTINCT FROM " + o + ".b";
            case 9 -> "coalesce(" + u + ".a, " + o + ".a, 1) < 3";
            case 10, 11, 12 -> any(List.of("", "NOT ")) + "EXISTS (" + correlated(use, "") + ")";
            case 13, 14 -> u + any(List.of(".a IN (", ".b IN (", ".k2 NOT IN (")) + list() + ")";
            case 15 -> "(" + correlated(use, "count(*)") + ") > 1";
            default ->
                "(" + condition(uses, depth - 1) + any(List.of(" OR ", " AND ")) + condition(uses, depth - 1) + ")";
        };
    }

    private String correlated(Use outer, String shown) {
        List<Use> inner = new ArrayList<>();
        return "SELECT " + shown + " FROM " + ofSubQuery(inner) + " WHERE " + equation(outer, any(inner))
                + any(List.of("", "", " AND s.n < 2", " AND s.v IS NOT NULL"))
                + (one(6) ? " AND " + any(List.of("", "NOT ")) + "EXISTS (" + nested(any(inner)) + ")" : "");
    }

    /** What a sub-query reads; the tables that join the first one need not correlate. */
    String ofSubQuery(List<Use> inner) {
        inner.add(use("s"));
        String from = inner.getFirst().sql;
        for (String alias : List.of("r", "q")) {
            if (one(4)) {
                Use further = use(alias);
                from += any(List.of(" JOIN ", " JOIN ", " LEFT JOIN ", " RIGHT JOIN ")) + further.sql + " ON "
                        + equation(any(inner), further);
                inner.add(further);
            }
        }
        return from;
    }

    private String nested(Use around) {
        Use inner = use("i");
        return "SELECT FROM " + inner.sql + " WHERE " + equation(around, inner);
    }

    private String list() {
        return "SELECT s." + any(List.of("a", "b", "k2")) + " FROM " + ofSubQuery(new ArrayList<>())
                + any(List.of("", " WHERE s.v = 'x'"));
    }

    private String output(List<Use> uses) {
        Use use = any(uses);
        String u = use.alias;
        String o = any(uses).alias;
        return switch (random.nextInt(17)) {
            case 0, 1 -> u + ".v";
            case 2 -> u + ".n";
            case 3 -> u + ".f";
            case 4 -> u + ".ts";
            case 5 -> u + ".a";
            case 6, 7 -> u + (use.shown ? ".id" : ".b");
            case 8 -> "coalesce(" + u + ".v, " + o + ".v)";
            case 9 -> "CASE WHEN " + u + ".a > 2 THEN " + o + ".n END";
            case 10 -> u + ".v IS NULL";
            case 11 -> "to_json(" + u + ".v)";
            case 12 -> u + ".n * 2";
            case 15, 16 -> computed.scalar(use);
            case 13 -> "(" + correlated(use, any(List.of("count(*)", "max(s.n)", "min(s.v)"))) + ")";
            default -> u + ".a IN (" + list() + ")";
        };
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
                            one(40)
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
        return any(List.of(
                "NULL", "1.0", "1.00", "1", "'NaN'", "3", "-2.5", "0.000", "1e20", "'Infinity'", "'-Infinity'"));
    }

    private String real() {
        return any(List.of("NULL", "0", "'-0'", "'NaN'", "0.1", "'-Infinity'"));
    }

    private String timestamp() {
        return any(List.of("NULL", "'infinity'", "'0044-03-15 BC'", "'2024-01-01 00:00:00.000001'"));
    }
}
