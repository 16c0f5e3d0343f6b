package io.refreshd.incremental;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.catalog.IncrementalQuery.TableChanges;
import io.refreshd.catalog.RecomputeKeys;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What the recompute key promises, on random queries and changes: for every key that stands beside the key of no changed row, neither in
 * the rows as they were nor in those as they are, the rows are the same.
 *
 * <p>{@code -Drefreshd.seed=… -Drefreshd.queries=…} repeats a run, or makes it longer.
 */
class RecomputeKeyIT {
    private static final int ROUNDS = 25;
    private static final List<String> TABLES = List.of("a", "b", "c", "d");

    /** Forms in which an outer join meets conditions above, below and beside it. */
    private static final List<String> QUERIES = List.of(
            "SELECT a.y FROM a LEFT JOIN b ON b.x = a.id LEFT JOIN c ON c.x = b.id",
            "SELECT a.y, c.y AS z FROM a LEFT JOIN b ON b.x = a.id LEFT JOIN c ON c.x = b.id JOIN d ON d.x = coalesce(c.y, 0)",
            "SELECT a.x, b.y FROM a JOIN b ON b.id = a.x WHERE b.y < 2",
            "SELECT a.y, b.y AS z FROM a LEFT JOIN (b JOIN c ON c.id = b.x) ON b.y = a.x",
            "SELECT a.y, d.y AS z FROM a RIGHT JOIN b ON a.x = b.id LEFT JOIN d ON d.x = a.id AND d.y > 0",
            "SELECT a.y FROM a LEFT JOIN b ON b.x = a.id AND b.y > 1 WHERE a.x < 3 OR b.y IS NULL",
            "SELECT d.y FROM d CROSS JOIN (a FULL JOIN b ON a.x = b.y)",
            "WITH w AS (SELECT b.id AS i, b.x, c.id AS j, c.y FROM b LEFT JOIN c ON c.id = b.y)"
                    + " SELECT a.y, w.y AS z FROM a LEFT JOIN w ON w.x = a.id",
            "SELECT a.y, t.y AS z FROM a LEFT JOIN b t ON t.id = a.x LEFT JOIN b u ON u.id = a.y",
            "SELECT a.y FROM a LEFT JOIN b ON b.x = a.id LEFT JOIN c ON c.x = a.y LEFT JOIN d ON d.x = c.id AND d.y = b.y");

    private final Random random;
    private final long seed;
    private int changes;

    RecomputeKeyIT() {
        seed = Long.getLong("refreshd.seed", System.nanoTime());
        random = new Random(seed);
    }

    @Test
    void onlyTheKeysBesideChangedRowsHaveOtherRows() throws Exception {
        try (TestDatabase database = TestDatabase.create();
                Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            for (String table : TABLES) {
                statement.execute("CREATE TABLE " + table + " (id int PRIMARY KEY, x int, y int)");
            }
            List<String> queries = Stream.concat(
                            QUERIES.stream(), Stream.generate(this::query).limit(Long.getLong("refreshd.queries", 15)))
                    .toList();
            int possible = 0;
            for (int i = 0; i < queries.size(); i++) {
                possible += examine(connection, statement, queries.get(i)) ? 1 : 0;
                statement.execute("DROP MATERIALIZED VIEW m");
            }
            System.out.println("RecomputeKeyIT: seed " + seed + ", " + possible + " of " + queries.size()
                    + " queries have a recompute key, " + changes + " comparisons");
            assertThat(changes).as("seed " + seed).isPositive();
        }
    }

    private boolean examine(Connection connection, Statement statement, String query) throws SQLException {
        for (String table : TABLES) {
            for (int id = 0; id < 5; id++) {
                statement.execute(insert(table, id));
            }
        }
        statement.execute("CREATE MATERIALIZED VIEW m AS " + query);
        long oid = Long.parseLong(ask(statement, "SELECT 'm'::regclass::oid").getFirst());
        RecomputeKeys keys = new RecomputeKeys(CatalogReader.read(connection));
        IncrementalQuery plan = keys.of(oid);
        if (!plan.possible()) {
            return false;
        }
        String text = ask(statement, "SELECT rtrim(pg_get_viewdef('m'::regclass), ';')")
                .getFirst();
        statement.execute("CREATE VIEW definition AS " + DefinitionText.withHidden(text, plan.hidden()));
        List<String> columns = ask(
                statement,
                "SELECT attname FROM pg_attribute WHERE attrelid = 'definition'::regclass AND attnum > 0 ORDER BY attnum");
        assertThat(keys.difference(
                        plan,
                        ask(statement, "SELECT ev_action FROM pg_rewrite WHERE ev_class = 'definition'::regclass")
                                .getFirst()))
                .as(query)
                .isEmpty();
        for (int round = 0; round < ROUNDS; round++) {
            round(statement, plan, columns, query);
        }
        statement.execute("DROP VIEW definition");
        return true;
    }

    private void round(Statement statement, IncrementalQuery plan, List<String> columns, String query)
            throws SQLException {
        String key = columns.get(plan.recomputeKey().getFirst() - 1);
        List<String> concerned = new ArrayList<>(List.of("SELECT -1"));
        List<String> done = new ArrayList<>();
        boolean everything = false;
        for (int i = random.nextInt(3); i >= 0; i--) {
            TableChanges table = plan.tables().get(random.nextInt(plan.tables().size()));
            int id = random.nextInt(5);
            done.add(change(table.table().name(), id));
            everything |= table.everything().isPresent();
            for (List<Integer> positions : table.positions()) {
                for (String side : List.of("before", "definition")) {
                    concerned.add("SELECT " + key + " FROM " + side + " WHERE " + columns.get(positions.getFirst() - 1)
                            + " IN (" + id + ", " + (id + 5) + ")");
                }
            }
        }
        statement.execute("CREATE TEMP TABLE before AS SELECT * FROM definition");
        for (String sql : done) {
            statement.execute(sql);
        }
        if (!everything) {
            changes++;
            String rest = " WHERE " + key + " NOT IN (" + String.join(" UNION ALL ", concerned) + ")";
            String before = "SELECT * FROM before" + rest;
            String now = "SELECT * FROM definition" + rest;
            assertThat(ask(
                            statement,
                            "(" + before + " EXCEPT ALL " + now + ") UNION ALL (" + now + " EXCEPT ALL " + before
                                    + ")"))
                    .as("seed " + seed + ": " + query + " after " + done + ", keys " + plan.tables())
                    .isEmpty();
        }
        statement.execute("DROP TABLE before");
    }

    /** A change of the row with the key; it may move to the key plus five, and back. */
    private String change(String table, int id) {
        String both = "id IN (" + id + ", " + (id + 5) + ")";
        return switch (random.nextInt(4)) {
            case 0 -> "DELETE FROM " + table + " WHERE " + both;
            case 1 ->
                "UPDATE " + table + " SET id = CASE WHEN id = " + id + " THEN id + 5 ELSE id - 5 END WHERE " + both
                        + " AND (SELECT count(*) FROM " + table + " WHERE " + both + ") = 1";
            default -> insert(table, id);
        };
    }

    private String insert(String table, int id) {
        return "INSERT INTO " + table + " VALUES (" + id + ", " + random.nextInt(5) + ", " + random.nextInt(5)
                + ") ON CONFLICT (id) DO UPDATE SET x = excluded.x, y = excluded.y";
    }

    /** A random query over two to four tables. */
    private String query() {
        int tables = 2 + random.nextInt(3);
        List<String> aliases = IntStream.range(0, tables).mapToObj(i -> "t" + i).toList();
        String from = "a t0";
        for (int i = 1; i < tables; i++) {
            String table = TABLES.get(random.nextInt(8) == 0 ? 0 : i);
            String kind = List.of("JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN")
                    .get(random.nextInt(5));
            String on = column(aliases.subList(0, i)) + " = t" + i + "." + name();
            if (!kind.equals("FULL JOIN") && random.nextInt(3) == 0) {
                on += " AND " + condition(aliases.subList(0, i + 1));
            }
            String before = i == 1 ? from : "(" + from + ")";
            from = random.nextInt(4) == 0
                    ? table + " t" + i + " " + kind + " " + before + " ON " + on
                    : before + " " + kind + " " + table + " t" + i + " ON " + on;
        }
        String where = random.nextInt(3) == 0 ? " WHERE " + condition(aliases) : "";
        String shown = IntStream.range(0, 1 + random.nextInt(2))
                .mapToObj(i -> column(aliases) + " AS o" + i)
                .collect(Collectors.joining(", "));
        return "SELECT " + shown + " FROM " + from + where;
    }

    private String condition(List<String> aliases) {
        return switch (random.nextInt(4)) {
            case 0 -> column(aliases) + " IS NULL";
            case 1 -> "coalesce(" + column(aliases) + ", 1) < coalesce(" + column(aliases) + ", 2)";
            case 2 -> column(aliases) + " > 1";
            default -> "(" + column(aliases) + " < 3 OR " + column(aliases) + " IS NULL)";
        };
    }

    private String column(List<String> aliases) {
        return aliases.get(random.nextInt(aliases.size())) + "." + name();
    }

    private String name() {
        return List.of("id", "x", "y").get(random.nextInt(3));
    }

    private static List<String> ask(Statement statement, String sql) throws SQLException {
        try (ResultSet rows = statement.executeQuery(sql)) {
            List<String> found = new ArrayList<>();
            while (rows.next()) {
                found.add(String.valueOf(rows.getString(1)));
            }
            return found;
        }
    }
}
