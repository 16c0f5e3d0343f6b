package io.refreshd.refresh;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Produces schemas, views and changes from a small grammar. The same seed gives the same ones. */
final class RandomViews {
    private static final List<String> TYPES =
            List.of("int", "uuid", "text", "text COLLATE \"und-x-icu\"", "numeric", "timestamptz", "positive", "mood");

    private final Random random;
    private final String[] keys = new String[2];
    private final boolean[] composite = new boolean[2];
    private String joinOfJoined = "";
    private final RandomSubQueries subQueries;
    private final RandomAlterations alterations;

    RandomViews(Random random) {
        this.random = random;
        this.subQueries = new RandomSubQueries(random);
        this.alterations = new RandomAlterations(random);
    }

    RandomAlterations alterations() {
        return alterations;
    }

    private <T> T any(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    List<String> schema() {
        List<String> sql = new ArrayList<>(
                List.of(
                        "DROP SCHEMA IF EXISTS public CASCADE",
                        "CREATE SCHEMA public",
                        "CREATE DOMAIN positive AS bigint CHECK (VALUE > -1)",
                        "CREATE TYPE mood AS ENUM ('m0', 'm1', 'm 2', 'm''3', 'm4', 'm5', 'm\"6', 'm,7', 'm8', 'm9', 'm10', 'm11')"));
        for (int t = 0; t < 2; t++) {
            keys[t] = any(TYPES);
            composite[t] = random.nextInt(4) == 0;
            String name = name(t);
            sql.add("CREATE TABLE " + name + " (\"The key\" " + keys[t]
                    + " NOT NULL, k2 int NOT NULL DEFAULT 1, role text,"
                    + " x int, ref int, amount numeric, big text, PRIMARY KEY (\"The key\""
                    + (composite[t] ? ", k2" : "")
                    + "))");
            sql.add("ALTER TABLE " + name + " ALTER COLUMN big SET STORAGE EXTERNAL");
            if (random.nextInt(2) == 0) {
                sql.add("ALTER TABLE " + name + " REPLICA IDENTITY FULL");
            }
            for (int i = 0; i < 6; i++) {
                sql.add(insert(t));
            }
            sql.add("CREATE VIEW plain_" + name
                    + " AS SELECT x AS px, \"The key\" AS pk, k2 AS pk2, role, ref, amount, big FROM " + name
                    + any(List.of("", " WHERE role <> 'r1'", " WHERE x > 2 OR x IS NULL")));
            sql.add("CREATE VIEW deeper_" + name
                    + " AS SELECT p.pk AS \"The key\", p.pk2 AS k2, p.role, p.px AS x, p.ref,"
                    + " p.amount, p.big FROM plain_" + name + " p" + any(List.of("", " WHERE p.ref IS NOT NULL")));
        }
        sql.addAll(relatives());
        sql.addAll(subQueries.schema());
        sql.addAll(alterations.schema());
        joinOfJoined = join();
        sql.add(
                "CREATE VIEW joined AS SELECT a.\"The key\" AS \"The key\", a.k2, a.role, a.x, coalesce(b.x, a.ref) AS ref,"
                        + " b.amount, b.\"The key\" AS bkey, b.k2 AS bk2, a.big FROM ta a " + joinOfJoined
                        + " tb b ON a.ref = b.x");
        return sql;
    }

    /** Inherited and partitioned tables, and a table whose policy reads another table. */
    private List<String> relatives() {
        String identity = random.nextInt(4) == 0 ? "DEFAULT" : "FULL";
        return List.of(
                "CREATE TABLE parent (id int PRIMARY KEY, role text, x int)",
                "CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent)",
                "CREATE TABLE parted (id int, role text, x int, day int, PRIMARY KEY (id, day)) PARTITION BY LIST (day)",
                "CREATE TABLE leaf (gone int, x int, day int NOT NULL, role text, id int NOT NULL)",
                "ALTER TABLE leaf DROP COLUMN gone",
                "ALTER TABLE parted ATTACH PARTITION leaf FOR VALUES IN (0, 1)",
                "CREATE TABLE leaf2 PARTITION OF parted FOR VALUES IN (2, 3)",
                "CREATE TABLE branch (role text, day int NOT NULL, id int NOT NULL, x int) PARTITION BY RANGE (id)",
                "ALTER TABLE parted ATTACH PARTITION branch FOR VALUES IN (4, 5)",
                "CREATE TABLE twig PARTITION OF branch FOR VALUES FROM (MINVALUE) TO (4)",
                "CREATE TABLE twig2 PARTITION OF branch FOR VALUES FROM (4) TO (MAXVALUE)",
                "ALTER TABLE parent REPLICA IDENTITY " + identity,
                "ALTER TABLE child REPLICA IDENTITY " + identity,
                "ALTER TABLE leaf REPLICA IDENTITY " + identity,
                "ALTER TABLE leaf2 REPLICA IDENTITY " + identity,
                "ALTER TABLE twig REPLICA IDENTITY " + identity,
                "CREATE TABLE guarded (id int PRIMARY KEY, role text, x int)",
                "ALTER TABLE guarded ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY by_ta ON guarded USING (EXISTS (SELECT FROM ta o WHERE o.x = guarded.x AND o.role = 'r1'))");
    }

    /** A view of the {@link #relatives}. */
    private String ofRelatives() {
        return any(List.of(
                "SELECT c.id, c.x FROM child c WHERE c.role = 'r1'",
                "SELECT c.id, c.x, (SELECT count(*) FROM parent) AS n FROM child c WHERE c.role = 'r1'",
                "SELECT c.id, p.id AS p, p.role FROM child c JOIN parent p ON p.x = c.x WHERE c.role = 'r1'",
                "SELECT id, x FROM parent WHERE role = 'r2'",
                "SELECT c.id, c.x FROM ONLY parent p JOIN child c ON c.x = p.x WHERE c.role IN ('r1', 'r3')",
                "SELECT id, x, role FROM parted WHERE role = 'r1'",
                "SELECT l.id, (SELECT max(x) FROM parted p WHERE p.role = 'r2') AS n FROM leaf l WHERE l.role = 'r1'",
                "SELECT l.id, l.day, l.x FROM leaf l WHERE l.x > 2",
                "SELECT id, day, x FROM parted WHERE x > 1 OR role = 'r2'",
                "SELECT role, day, id FROM (SELECT * FROM parted WHERE x < 4) p",
                "WITH w AS (SELECT id, day, coalesce(role, 'none') AS r FROM parted) SELECT id, day, r FROM w WHERE r <> 'r3'",
                "SELECT p.id, p.day, a.\"The key\" AS ka, a.k2 AS ka2, a.role FROM parted p " + join()
                        + " ta a ON a.x = p.x",
                "SELECT p.id, p.day, a.\"The key\" AS ka, a.k2 AS ka2 FROM ta a LEFT JOIN parted p ON p.x = a.ref AND p.role = 'r1'",
                "SELECT p.id, p.day, l.id AS l FROM parted p JOIN leaf l ON l.x = p.x",
                "SELECT p.id, p.day, l.id AS l, l.day AS lday FROM leaf2 p JOIN leaf l ON l.x = p.x",
                "SELECT a.x, g.id FROM ta a JOIN guarded g ON g.x = a.x WHERE a.role = 'r2'",
                "SELECT g.id, g.x FROM guarded g WHERE g.role = 'r1'",
                "SELECT a.\"The key\" AS ka, a.k2, g.id FROM ta a LEFT JOIN guarded g ON g.x = a.ref"));
    }

    /** Returns the query together with the join in the plain view that it reads, if it reads one. */
    String unfolded(String query) {
        return query.contains("joined") ? query + " " + joinOfJoined : query;
    }

    private static String name(int table) {
        return table == 0 ? "ta" : "tb";
    }

    private String join() {
        return any(List.of("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"));
    }

    /** A view that a look-up cannot decide about, but a discriminator can. */
    private String summary() {
        String from = any(List.of("ta", "deeper_ta", "tb", "(SELECT role AS role, x FROM ta WHERE role = 'r2')"));
        return any(List.of(
                "SELECT count(*) AS n, sum(a.x) AS s FROM " + from + " a WHERE a.role = 'r1'",
                "SELECT DISTINCT a.x FROM " + from + " a WHERE a.role IN ('r1', 'r3')",
                "SELECT a.x, count(*) AS n FROM " + from
                        + " a LEFT JOIN tb ON tb.ref = a.x WHERE a.role = 'r2' GROUP BY a.x",
                "SELECT s.n FROM (SELECT role, count(*) AS n FROM " + from + " a GROUP BY role) s WHERE s.role = 'r1'",
                "SELECT a.x, (SELECT count(*) FROM ta o WHERE o.role = 'r1') AS n FROM " + from
                        + " a WHERE a.role = 'r2'",
                "SELECT a.x FROM " + from + " a FULL JOIN tb b ON a.x = b.x WHERE a.role = 'r1' OR b.role = 'r1'",
                "SELECT a.x, b.amount FROM " + from
                        + " a RIGHT JOIN tb b ON a.x = b.x AND a.role = 'r1' WHERE b.role = 'r2'"));
    }

    /** A view for one role: a database may have a thousand of these. */
    String roleView() {
        return "SELECT a.x, a.\"The key\" AS renamed, a.k2 FROM " + any(List.of("ta", "deeper_ta", "tb", "tb"))
                + " a WHERE a.role = " + any(List.of("'r1'", "'r2'", "'r3'"));
    }

    String view() {
        if (random.nextInt(3) == 0) {
            return subQueries.view();
        }
        if (random.nextInt(5) == 0) {
            return alterations.view();
        }
        if (random.nextInt(4) == 0) {
            return summary();
        }
        if (random.nextInt(4) == 0) {
            return ofRelatives();
        }
        String filter = any(List.of(
                "",
                "",
                " WHERE a.role = 'r1'",
                " WHERE a.x > 2",
                " WHERE b.x IS NULL",
                " WHERE b.\"The key\" IS NOT NULL",
                " WHERE coalesce(b.role, 'r0') = 'r0'",
                " WHERE a.role IS NOT DISTINCT FROM b.role",
                " WHERE '{\"r1\": 0, \"r3\": 0}'::jsonb ? a.role",
                " WHERE a.x IN (1, 2, 3) AND NOT coalesce(a.amount > 2, false)"));
        String right = any(List.of("tb", "plain_view", "deeper_tb", "ta", select("tb"), "w"));
        String left = any(List.of("ta", "deeper_ta", "joined", "tb", select("ta"), select("deeper_ta"), "w"));
        String with = with();
        boolean plain = right.equals("plain_view");
        String columns = any(List.of(
                "a.\"The key\" AS ka, a.k2 AS ka2, a.role, a.x + 1 AS x1",
                "a.role, a.\"The key\" AS ka, length(a.big) AS l, a.k2 AS ka2, b.amount * 2 AS m",
                "a.\"The key\" AS ka, a.k2 AS ka2, b.\"The key\" AS kb, b.k2 AS kb2, b.role, a.big",
                "b.\"The key\" AS kb, b.k2 AS kb2, CASE WHEN a.x > 3 THEN a.role ELSE b.role END AS r",
                "b.k2 AS kb2, b.\"The key\" AS kb, a.k2 AS ka2, a.\"The key\" AS ka, upper(a.role) AS u, b.ref, a.amount",
                // Few values, so that rows are equal, and not always the key of the preserved side of a join.
                "a.role, b.\"The key\" AS kb, b.k2 AS kb2",
                "b.\"The key\" AS kb, b.k2 AS kb2, coalesce(a.role, b.role) AS r",
                "b.k2 AS kb2, b.\"The key\" AS kb, CASE WHEN b.\"The key\" IS NULL THEN a.role END AS r, a.role = 'r1' AS s",
                "a.\"The key\" AS ka, a.k2 AS ka2, coalesce(a.role, b.role) AS r, b.role AS s",
                "a.\"The key\" AS ka, a.k2 AS ka2, a.role, b.\"The key\" AS kb, b.k2 AS kb2, coalesce(b.x, a.x) AS x",
                "DISTINCT a.\"The key\" AS ka, a.k2 AS ka2, b.\"The key\" AS kb, b.k2 AS kb2",
                "a.role, a.x"));
        if (random.nextInt(2) == 0) {
            String from = any(List.of("ta", "deeper_ta", "joined", "tb", select("ta"), "w"));
            return (from.equals("w") ? with : "")
                    + "SELECT a.x, a.amount, a.\"The key\" AS renamed, a.k2, a.big, a.role"
                    + (from.equals("joined") ? ", a.bkey, a.bk2" : "") + " FROM " + from + " a"
                    + any(List.of(
                            "",
                            " WHERE a.role = 'r1'",
                            " WHERE a.role IN ('r2', 'r3') AND a.x > 1",
                            " WHERE 2 = a.x",
                            " WHERE a.ref IS NULL",
                            " WHERE a.x < 4 ORDER BY a.x"));
        }
        String b = plain ? "(SELECT pk AS \"The key\", pk2 AS k2, role, px AS x, ref, amount FROM plain_tb)" : right;
        String third = random.nextInt(5) == 0
                ? " " + join() + " ta c ON " + any(List.of("c.x = b.ref", "c.x = a.x", "c.ref = b.x AND c.role = 'r1'"))
                : "";
        return (left.equals("w") || right.equals("w") ? with : "") + "SELECT " + columns + " FROM " + left + " a "
                + join() + " " + b + " b ON "
                + any(List.of("a.ref = b.x", "a.x = b.ref", "a.x = b.x AND a.role = 'r1'")) + third + filter;
    }

    /** A sub-select in FROM that shows all columns of the table. */
    private String select(String table) {
        return "(SELECT * FROM " + table + any(List.of(")", " WHERE x > 1)", " WHERE role <> 'r2' OR role IS NULL)"));
    }

    /** A WITH clause that defines w, in terms of another query of it or not. */
    private String with() {
        return any(List.of(
                "WITH w AS (SELECT * FROM tb) ",
                "WITH w AS " + select("ta") + " ",
                "WITH u AS " + select("deeper_tb") + ", w AS (SELECT * FROM u WHERE ref IS NOT NULL) "));
    }

    /** One to three statements that commit together. */
    List<String> change() {
        List<String> sql = new ArrayList<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            int part = random.nextInt(12);
            if (part < 6) {
                sql.add(part < 2 ? changeOfRelatives() : part < 5 ? subQueries.change() : alterations.change());
                continue;
            }
            int t = random.nextInt(2);
            String row = " WHERE \"The key\" = " + key(t);
            sql.add(
                    switch (random.nextInt(9)) {
                        case 0, 1, 2 -> insert(t);
                        case 3 -> "DELETE FROM " + name(t) + row;
                        case 4 -> "UPDATE " + name(t) + " SET role = " + role() + row;
                        case 5 ->
                            "UPDATE " + name(t) + " SET \"The key\" = " + key(t) + row + " AND NOT EXISTS (SELECT FROM "
                                    + name(t) + " o WHERE false)";
                        case 6 -> "UPDATE " + name(t) + " SET x = " + number() + ", ref = " + number() + row;
                        case 7 ->
                            "UPDATE " + name(t) + " SET amount = " + any(List.of("1.0", "1.00", "NULL", "3", "0"))
                                    + " WHERE role = " + role();
                        default -> "UPDATE " + name(t) + " SET big = " + big() + row;
                    });
        }
        return sql;
    }

    private String changeOfRelatives() {
        String table = any(List.of("parent", "child", "parted", "leaf", "guarded"));
        String key = Integer.toString(random.nextInt(8));
        boolean parted = table.equals("parted") || table.equals("leaf");
        if (table.equals("parted") && random.nextInt(4) == 0) {
            return "UPDATE parted SET " + any(List.of("day = " + random.nextInt(6), "id = " + random.nextInt(8)))
                    + " WHERE id = " + key;
        }
        return switch (random.nextInt(4)) {
            case 0, 1 ->
                "INSERT INTO " + table + " (id, role, x" + (parted ? ", day" : "") + ") VALUES (" + key + ", " + role()
                        + ", " + number() + (parted ? ", " + random.nextInt(table.equals("leaf") ? 2 : 6) : "")
                        + ") ON CONFLICT DO NOTHING";
            case 2 ->
                "UPDATE " + table + " SET " + any(List.of("role = " + role(), "x = " + number())) + " WHERE id = "
                        + key;
            default -> "DELETE FROM " + table + " WHERE id = " + key;
        };
    }

    private String insert(int t) {
        return "INSERT INTO " + name(t) + " VALUES (" + key(t) + ", " + random.nextInt(2) + ", " + role() + ", "
                + number() + ", " + number() + ", " + any(List.of("1.0", "2", "NULL")) + ", " + big()
                + ") ON CONFLICT DO NOTHING";
    }

    private String big() {
        return any(List.of("NULL", "'short'", "repeat('ab" + random.nextInt(3) + "', 2000)"));
    }

    private String role() {
        return any(List.of("'r1'", "'r2'", "'r3'", "NULL"));
    }

    private String number() {
        return random.nextInt(6) == 0 ? "NULL" : Integer.toString(random.nextInt(6));
    }

    private String key(int t) {
        int n = random.nextInt(12);
        String type = keys[t];
        return switch (type) {
            case "uuid" -> "'00000000-0000-0000-0000-0000000000" + (10 + n) + "'";
            case "numeric" -> n + any(List.of(".0", ".00", ""));
            case "timestamptz" -> "timestamptz '2024-10-27 00:00:00.123+00' + interval '10 min' * " + n;
            case "mood" -> "(enum_range(NULL::mood))[" + (n + 1) + "]";
            case "int", "positive" -> Integer.toString(n);
            default -> any(List.of("'k", "'K", "'ä\"\\,{}")) + n + "'";
        };
    }
}
