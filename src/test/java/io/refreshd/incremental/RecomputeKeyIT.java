package io.refreshd.incremental;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.catalog.IncrementalQuery.ChangedBy;
import io.refreshd.catalog.IncrementalQuery.TableChanges;
import io.refreshd.catalog.RecomputeKeys;
import io.refreshd.catalog.ValueColumn;
import io.refreshd.model.JoinStep;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * What the recompute key promises, on random queries and changes: for every key that stands beside no value by which a changed row is
 * found, neither in the rows as they were nor in those as they are, the rows are the same.
 *
 * <p>{@code -Drefreshd.seed=… -Drefreshd.queries=…} repeats a run, or makes it longer. Each query is tried with {@value #ROUNDS}
 * transactions.
 */
class RecomputeKeyIT {
    private static final int ROUNDS = 40;

    /** Forms in which an outer join meets conditions above, below and beside it, and sub-queries meet outer joins. */
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
            "SELECT a.y FROM a LEFT JOIN b ON b.x = a.id LEFT JOIN c ON c.x = a.y LEFT JOIN d ON d.x = c.id AND d.y = b.y",
            "SELECT a.y FROM a LEFT JOIN b ON b.x = a.id WHERE b.id IS NULL",
            "SELECT a.y FROM a LEFT JOIN (b JOIN c ON c.id = b.y) ON b.x = a.x WHERE c.id IS NULL",
            "SELECT a.y FROM a LEFT JOIN b ON b.x = a.id LEFT JOIN c ON c.x = b.y WHERE c.id IS NULL",
            "SELECT a.y FROM a LEFT JOIN b ON b.x = a.y AND EXISTS (SELECT FROM c WHERE c.x = b.id)",
            "SELECT a.y FROM a LEFT JOIN b ON b.x = a.y WHERE NOT EXISTS (SELECT FROM c WHERE c.x = b.id)",
            "SELECT a.y, (SELECT count(*) FROM b WHERE b.x = a.x) AS n FROM a WHERE a.id NOT IN (SELECT c.id FROM c)",
            "SELECT a.x, s.x AS z FROM a LEFT JOIN keyless s ON s.y = a.id",
            "SELECT t.y FROM a t LEFT JOIN a u ON u.x = t.y WHERE u.id IS NULL",
            "SELECT t.x, u.x AS z FROM a t JOIN a u ON u.id = t.y",
            // The value that joins stands on the preserved side, and says nothing of rows without a match.
            "SELECT c.y FROM keyless k LEFT JOIN a ON a.id = k.x AND a.y > 3 JOIN c ON c.id = k.y",
            // The sub-query decides which row stands on the nullable side, and a condition above drops those that do.
            "SELECT a.y FROM a LEFT JOIN b ON b.x = a.y AND EXISTS (SELECT FROM c WHERE c.x = b.id) WHERE b.id IS NULL",
            "SELECT s.x FROM (SELECT a.id, a.x, b.id AS y FROM a LEFT JOIN b ON b.x = a.y"
                    + " AND EXISTS (SELECT FROM c WHERE c.x = b.id)) s WHERE s.y IS NULL",
            "SELECT a.y FROM a LEFT JOIN (SELECT b.id, b.x FROM b WHERE EXISTS (SELECT FROM c WHERE c.x = b.y)) s"
                    + " ON s.x = a.id WHERE s.id IS NULL",
            "SELECT a.y FROM a WHERE EXISTS (SELECT FROM c JOIN c e ON e.id = c.y WHERE c.x = a.id)",
            // A table that does not correlate leads through others to one that does.
            "SELECT a.y FROM a WHERE EXISTS (SELECT FROM c JOIN b ON b.id = c.y LEFT JOIN d ON d.x = b.x WHERE c.x = a.id AND d.y IS NULL)",
            "SELECT a.y FROM a WHERE a.x IN (SELECT c.x FROM c JOIN b ON b.id = c.y WHERE b.x > 1)",
            "SELECT a.y, (SELECT sum(d.y) FROM c JOIN d ON d.x = c.id WHERE c.x = a.x) AS z FROM a",
            "SELECT a.y FROM a WHERE EXISTS (SELECT FROM b WHERE b.x = a.id AND NOT EXISTS (SELECT FROM c WHERE c.x = b.y"
                    + " AND c.y IN (SELECT d.x FROM d)))",
            "SELECT a.y FROM a WHERE EXISTS (SELECT FROM b WHERE b.x = a.id AND b.id NOT IN (SELECT c.id FROM c JOIN d ON d.x = c.y))",
            "SELECT a.y FROM a WHERE EXISTS (SELECT FROM shadowed s WHERE s.x = a.id)",
            "SELECT a.y FROM a WHERE EXISTS (SELECT c.y FROM c WHERE c.x = a.id UNION SELECT b.y FROM b JOIN d ON d.id = b.y WHERE b.x = a.id)",
            "SELECT a.y, s.y AS z FROM a LEFT JOIN shadowed s ON s.x = a.id",
            // Two tables that could find their rows by each other alone.
            "SELECT d.y FROM d WHERE EXISTS (SELECT FROM b JOIN c ON c.id = b.x WHERE b.id = d.x AND c.y = d.y)",
            // Behind an inner join on the nullable side, to which a condition above refers.
            "SELECT a.y FROM a LEFT JOIN (b JOIN c ON c.id = b.y) ON b.x = a.id WHERE c.x IS NULL",
            "SELECT a.y FROM a LEFT JOIN (b JOIN (c JOIN d ON d.id = c.y) ON c.x = b.y) ON b.x = a.id WHERE coalesce(d.x, 0) < 2",
            "SELECT a.y FROM a LEFT JOIN (b LEFT JOIN c ON c.id = b.y JOIN d ON d.x = c.y) ON b.x = a.x WHERE d.y IS NULL",
            // Conditions that let no row with NULLs pass, and some that look alike and do.
            "SELECT a.y FROM a LEFT JOIN b ON b.x + 1 = a.y WHERE b.y > 1",
            "SELECT a.y FROM a LEFT JOIN b ON b.x + 1 = a.y WHERE b.y > 1 OR a.x IS NULL",
            "SELECT a.y FROM a LEFT JOIN (b LEFT JOIN c ON c.x < b.y) ON b.x + 1 = a.id WHERE c.y IN (1, 2)",
            "SELECT a.y FROM a LEFT JOIN (b JOIN c ON c.y + 1 = b.y AND c.x > 0) ON b.x + 1 = a.id WHERE b.y IS NULL",
            "SELECT a.y FROM a LEFT JOIN (b LEFT JOIN c ON c.x < b.y JOIN d ON d.x = c.y) ON b.x + 1 = a.id WHERE a.x IS NULL OR d.id IS NULL",
            "SELECT d.y FROM d CROSS JOIN (a FULL JOIN b ON a.x + 1 = b.y) WHERE b.y IS NOT NULL");

    private final Random random;
    private final long seed;
    private long tried;
    private int possible;
    private int rounds;
    private int byKeys;
    private int overJoins;

    RecomputeKeyIT() {
        seed = Long.getLong("refreshd.seed", System.nanoTime());
        random = new Random(seed);
    }

    @Test
    void onlyTheKeysBesideChangedRowsHaveOtherRows() throws Exception {
        play(Long.getLong("refreshd.queries", 40), Long.MAX_VALUE);
        assertThat(byKeys).as("seed " + seed).isPositive();
    }

    /** Arguments: the seed, and how many rounds. */
    public static void main(String[] args) throws Exception {
        System.setProperty("refreshd.seed", args[0]);
        new RecomputeKeyIT().play(Integer.MAX_VALUE, Long.parseLong(args[1]));
        System.exit(0);
    }

    private void play(long queries, long most) throws Exception {
        try (TestDatabase database = TestDatabase.create();
                Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            schema(statement);
            RandomQueries grammar = new RandomQueries(random);
            for (; tried < QUERIES.size() + queries && rounds < most; tried++) {
                possible += examine(
                                connection,
                                statement,
                                tried < QUERIES.size() ? QUERIES.get((int) tried) : grammar.query())
                        ? 1
                        : 0;
                if (tried % 1000 == 999) {
                    System.out.println(summary(tried + 1));
                }
            }
            System.out.println(summary(tried));
        }
    }

    private String summary(long queries) {
        return "RecomputeKeyIT: seed " + seed + ", " + possible + " of " + queries + " queries have a recompute key, "
                + overJoins + " by way of other tables; "
                + rounds + " rounds, " + byKeys + " by keys";
    }

    private static void schema(Statement statement) throws SQLException {
        statement.execute("SET jit = off");
        statement.execute("SET synchronous_commit = off");
        statement.execute("CREATE TABLE changed (t text, id int, x int, y int)");
        statement.execute("""
                CREATE FUNCTION row_changed() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF TG_OP <> 'INSERT' THEN INSERT INTO changed VALUES (TG_TABLE_NAME, OLD.id, OLD.x, OLD.y); END IF;
                    IF TG_OP <> 'DELETE' THEN INSERT INTO changed VALUES (TG_TABLE_NAME, NEW.id, NEW.x, NEW.y); END IF;
                    RETURN NULL;
                END $$""");
        for (String table : RandomQueries.TABLES) {
            statement.execute("CREATE TABLE " + table + " (id int PRIMARY KEY, x int, y int)");
            statement.execute("ALTER TABLE " + table + " REPLICA IDENTITY FULL");
            statement.execute("CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON " + table
                    + " FOR EACH ROW EXECUTE FUNCTION row_changed()");
        }
        for (String view : RandomQueries.VIEWS) {
            statement.execute(view);
        }
    }

    private boolean examine(Connection connection, Statement statement, String query) throws SQLException {
        for (String table : RandomQueries.TABLES) {
            statement.execute("TRUNCATE " + table);
            for (int id = 0; id < 5; id++) {
                statement.execute(insert(table, id));
            }
            if (tried >= QUERIES.size() && random.nextInt(4) == 0) {
                statement.execute(
                        "ALTER TABLE " + table + " REPLICA IDENTITY " + (random.nextInt(3) > 0 ? "FULL" : "DEFAULT"));
            }
        }
        statement.execute("TRUNCATE changed");
        try {
            statement.execute("CREATE MATERIALIZED VIEW m AS " + query);
        } catch (SQLException e) {
            // A scalar sub-query with more than one row.
            return false;
        }
        try {
            return play(connection, statement, query);
        } finally {
            statement.execute("DROP TABLE IF EXISTS before");
            statement.execute("DROP VIEW IF EXISTS definition");
            statement.execute("DROP MATERIALIZED VIEW m");
        }
    }

    private boolean play(Connection connection, Statement statement, String query) throws SQLException {
        long oid = Long.parseLong(ask(statement, "SELECT 'm'::regclass::oid").getFirst());
        RecomputeKeys keys = new RecomputeKeys(CatalogReader.read(connection));
        IncrementalQuery plan = keys.of(oid);
        if (!plan.possible()) {
            return false;
        }
        overJoins += plan.tables().stream().anyMatch(table -> !table.through().isEmpty()) ? 1 : 0;
        String text = ask(statement, "SELECT rtrim(pg_get_viewdef('m'::regclass), ';')")
                .getFirst();
        statement.execute("CREATE VIEW definition AS " + DefinitionText.withHidden(text, plan.hidden()));
        assertThat(keys.difference(
                        plan,
                        ask(statement, "SELECT ev_action FROM pg_rewrite WHERE ev_class = 'definition'::regclass")
                                .getFirst()))
                .as("seed " + seed + ": " + query)
                .isEmpty();
        statement.execute("CREATE UNLOGGED TABLE before AS SELECT * FROM definition");
        int columns = ask(
                        statement,
                        "SELECT attname FROM pg_attribute WHERE attrelid = 'definition'::regclass AND attnum > 0")
                .size();
        try (PreparedStatement compare = connection.prepareStatement(comparison(plan, columns))) {
            for (int round = 0; round < ROUNDS; round++) {
                round(statement, compare, plan, query);
            }
        }
        return true;
    }

    /** Says whether every change has a key, and whether a row with no such key differs. */
    private static String comparison(IncrementalQuery plan, int columns) {
        String names = IntStream.rangeClosed(1, columns).mapToObj(i -> "c" + i).collect(Collectors.joining(", "));
        String key = "c" + plan.recomputeKey().getFirst();
        List<String> concerned = new ArrayList<>(List.of("SELECT NULL::int AS k"));
        List<String> everything = new ArrayList<>(List.of("''"));
        for (TableChanges table : plan.tables()) {
            if (table.everything().isPresent()) {
                everything.add("'" + table.table().name() + "'");
            }
            for (ChangedBy by : table.by()) {
                String values = "SELECT r." + by.columns().getFirst() + " FROM changed r WHERE r.t = '"
                        + table.table().name() + "'";
                for (JoinStep step : by.joins()) {
                    values = "SELECT j." + step.columns().getFirst() + " FROM "
                            + step.table().name() + " j WHERE j." + step.by() + " IN (" + values + ")";
                }
                for (String side : List.of("before", "definition")) {
                    concerned.add("SELECT x." + key + " FROM " + side + " AS x(" + names + ") WHERE x.c"
                            + by.positions().getFirst() + " IN (" + values + ")");
                }
            }
        }
        // A map holds the values that rows had before the round.
        for (IncrementalQuery.GroupMap map : plan.maps()) {
            ValueColumn value = map.value().orElseThrow();
            String values = "SELECT r." + value.column() + " FROM changed r WHERE r.t = '"
                    + value.table().name() + "'";
            for (JoinStep step : value.joins()) {
                values = "SELECT j." + step.columns().getFirst() + " FROM "
                        + step.table().name() + " j WHERE j." + step.by() + " IN (" + values + ")";
            }
            for (String side : List.of("before", "definition")) {
                concerned.add("SELECT x." + key + " FROM " + side + " AS x(" + names + ") WHERE x.c"
                        + map.positions().getFirst() + " IN (" + values + ")");
            }
        }
        String rest = "(SELECT x.* FROM %s AS x(" + names + ") WHERE NOT EXISTS (SELECT FROM concerned z WHERE z.k = x."
                + key + "))";
        String before = rest.formatted("before");
        String now = rest.formatted("definition");
        return "WITH concerned AS MATERIALIZED (" + String.join(" UNION ALL ", concerned)
                + ") SELECT CASE WHEN EXISTS (SELECT FROM changed WHERE t IN (" + String.join(", ", everything)
                + ")) THEN 'everything' WHEN EXISTS (" + before + " EXCEPT ALL " + now + ") OR EXISTS (" + now
                + " EXCEPT ALL "
                + before + ") THEN 'differs' ELSE 'agrees' END";
    }

    private void round(Statement statement, PreparedStatement compare, IncrementalQuery plan, String query)
            throws SQLException {
        List<String> done = new ArrayList<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            TableChanges table = plan.tables().get(random.nextInt(plan.tables().size()));
            // A table whose changes recompute everything ends the round, so that it is seldom chosen.
            if (table.everything().isEmpty() || random.nextInt(6) == 0) {
                done.add(change(table.table().name(), random.nextInt(5)));
            }
        }
        statement.execute("DELETE FROM changed; " + String.join("; ", done));
        String result;
        try (ResultSet row = compare.executeQuery()) {
            row.next();
            result = row.getString(1);
        }
        assertThat(result)
                .as("seed " + seed + ": " + query + " after " + done + ", keys " + plan.recomputeKey() + " "
                        + plan.tables())
                .isNotEqualTo("differs");
        rounds++;
        byKeys += result.equals("agrees") ? 1 : 0;
        statement.execute("DELETE FROM before; INSERT INTO before SELECT * FROM definition");
    }

    /** A change of the row with the key; it may move to the key plus five, and back. */
    private String change(String table, int id) {
        String both = "id IN (" + id + ", " + (id + 5) + ")";
        return switch (random.nextInt(5)) {
            case 0 -> "DELETE FROM " + table + " WHERE " + both;
            case 1 ->
                "UPDATE " + table + " SET id = CASE WHEN id = " + id + " THEN id + 5 ELSE id - 5 END WHERE " + both
                        + " AND (SELECT count(*) FROM " + table + " WHERE " + both + ") = 1";
            case 2 -> "UPDATE " + table + " SET x = y, y = x WHERE " + both;
            default -> insert(table, id);
        };
    }

    private String insert(String table, int id) {
        return "INSERT INTO " + table + " VALUES (" + id + ", " + number() + ", " + number()
                + ") ON CONFLICT (id) DO UPDATE SET x = excluded.x, y = excluded.y";
    }

    private String number() {
        return random.nextInt(7) == 0 ? "NULL" : Integer.toString(random.nextInt(5));
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
