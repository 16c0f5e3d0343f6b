package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.demo.LocalPostgres;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.testing.StrictServer;
import io.refreshd.testing.VersionedServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Derives change filters from query trees as real servers of each version store them. */
@ParameterizedClass(name = "PostgreSQL {0}")
@ValueSource(ints = {15, 16, 17, 18})
class ChangeFilterIT {
    private static final String[] SCHEMA = {
        "CREATE COLLATION sloppy (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
        "CREATE TYPE mood AS ENUM ('good', 'bad')",
        "CREATE DOMAIN nickname AS varchar(9)",
        "CREATE FUNCTION mine(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1'",
        "CREATE TABLE main (id int PRIMARY KEY, role text, v text, n bigint, s smallint, u uuid, c varchar(9), nick nickname,"
                + " fixed char(3), num numeric, m mood, sloppy text COLLATE sloppy, other int)",
        "CREATE TABLE other (id int, part int, role text, main int, PRIMARY KEY (id, part))",
        "CREATE VIEW renamed AS SELECT id AS key, role AS r, v FROM main",
        "CREATE VIEW deep AS SELECT key AS k, r AS rr FROM renamed WHERE v IS NOT NULL",
        "CREATE VIEW summed AS SELECT role AS r, count(*) AS n FROM main GROUP BY role",
        "CREATE VIEW latest AS SELECT id, role FROM main ORDER BY id DESC LIMIT 3",
        "CREATE MATERIALIZED VIEW materialized AS SELECT id, role FROM main",
        "CREATE TABLE covered (v text, id int, PRIMARY KEY (id) INCLUDE (v))",
        "CREATE TABLE third (id int PRIMARY KEY, v text)",
        "CREATE VIEW outer_joined AS SELECT m.id, o.id AS oid, o.part, o.role FROM other o LEFT JOIN main m ON o.main = m.id",
        "CREATE TABLE parent (id int PRIMARY KEY, role text)",
        "CREATE TABLE child () INHERITS (parent)",
        "CREATE TABLE parted (id int, role text, day int) PARTITION BY RANGE (day)",
        "CREATE TABLE leaf (note text, day int NOT NULL, role text, id int)",
        "ALTER TABLE leaf DROP COLUMN note",
        "ALTER TABLE parted ATTACH PARTITION leaf FOR VALUES FROM (0) TO (9)",
        "CREATE TABLE keyed (id int, role text, day int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
        "CREATE TABLE piece (note text, day int NOT NULL, role text, id int NOT NULL, PRIMARY KEY (id, day))",
        "ALTER TABLE piece DROP COLUMN note",
        "ALTER TABLE keyed ATTACH PARTITION piece FOR VALUES FROM (0) TO (9)"
    };

    private static @Nullable VersionedServer server;

    @Parameter
    private int version;

    private static String url = "";
    private static @Nullable Connection connection;

    @BeforeParameterizedClassInvocation
    static void schema(int version) throws Exception {
        server = VersionedServer.start(version);
        StrictServer.run(server.url("postgres"), "", "CREATE DATABASE change_filter");
        url = server.url("change_filter");
        // It keeps prepared statements at DDL: the server plans each long query of the catalog a few times.
        connection = DriverManager.getConnection(url + "?flushCacheOnDdl=false", LocalPostgres.USER, "");
        execute(SCHEMA);
    }

    @AfterParameterizedClassInvocation
    static void drop() throws Exception {
        if (connection != null) {
            connection.close();
        }
        if (server != null) {
            StrictServer.run(server.url("postgres"), "", "DROP DATABASE change_filter");
            server.close();
            server = null;
        }
    }

    private static void execute(String... statements) throws Exception {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private static ChangeFilter changeFilter(String query, String table) throws Exception {
        execute("DROP MATERIALIZED VIEW IF EXISTS examined", "CREATE MATERIALIZED VIEW examined AS " + query);
        ViewGraph graph = ViewGraph.of(CatalogReader.read(connection), view -> true);
        return graph.changeFilter(new TableId("public", table), new ViewId("public", "examined"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "SELECT id FROM main WHERE role = 'a'                                            | role | [a]",
                "SELECT id FROM main WHERE 'it''s \"ä\"' = role AND v > 'x'                      | role | [it's \"ä\"]",
                "SELECT id FROM main WHERE role IN ('b', 'a')                                    | role | [a, b]",
                "SELECT id FROM main WHERE c = 'x'                                               | c    | [x]",
                "SELECT id FROM main WHERE nick = 'x'                                            | nick | [x]",
                "SELECT id FROM main WHERE n = 5                                                 | n    | [5]",
                "SELECT id FROM main WHERE s = 70000 - 69995 OR false                            |      |",
                "SELECT id FROM main WHERE s = 7                                                 | s    | [7]",
                "SELECT id FROM main WHERE u = 'AAAAAAAA-0000-0000-0000-0000000000FF'            | u    | [aaaaaaaa-0000-0000-0000-0000000000ff]",
                "SELECT count(*) AS n FROM main WHERE role = 'a'                                 | role | [a]",
                "SELECT DISTINCT v FROM main WHERE role = 'a' LIMIT 3                            | role | [a]",
                "SELECT key FROM renamed WHERE r = 'a'                                           | role | [a]",
                "SELECT k FROM deep WHERE rr = 'a'                                               | role | [a]",
                "SELECT x.id FROM (SELECT * FROM main) x WHERE x.role = 'a'                      | role | [a]",
                "SELECT x.n FROM (SELECT count(*) AS n FROM main WHERE role = 'a') x             | role | [a]",
                "SELECT m.id, o.part FROM main m JOIN other o ON o.main = m.id AND m.role = 'a'  | role | [a]",
                "SELECT m.id, o.part FROM other o LEFT JOIN main m ON o.main = m.id WHERE m.role = 'a' | role | [a]",
                // No discriminator: not every row has to pass the condition, or values are not compared like text.
                "SELECT id FROM main WHERE role = 'a' OR v = 'x'                                 |      |",
                "SELECT id FROM main WHERE role <> 'a'                                           |      |",
                "SELECT id FROM main WHERE NOT role = 'a'                                        |      |",
                "SELECT id FROM main WHERE role = v                                              |      |",
                "SELECT id FROM main WHERE lower(role) = 'a'                                     |      |",
                "SELECT id FROM main WHERE role = NULL                                           |      |",
                "SELECT id FROM main WHERE role = 'a' COLLATE sloppy                             |      |",
                "SELECT id FROM main WHERE sloppy = 'a'                                          |      |",
                "SELECT id FROM main WHERE fixed = 'a'                                           |      |",
                "SELECT id FROM main WHERE num = 1.0                                             |      |",
                "SELECT id FROM main WHERE m = 'good'                                            |      |",
                "SELECT id FROM main WHERE n = 99999999999                                       |      |",
                "SELECT r, n FROM summed WHERE r = 'a'                                           |      |",
                "SELECT id FROM latest WHERE role = 'a'                                          |      |",
                "SELECT m.id, o.part FROM main m LEFT JOIN other o ON o.main = m.id AND m.role = 'a' |   |",
                "SELECT a.id, b.id AS b FROM main a JOIN main b ON a.id = b.other WHERE a.role = 'a'  |  |",
                "SELECT id, (SELECT count(*) FROM main) AS n FROM main WHERE role = 'a'          |      |",
                "SELECT id FROM main WHERE role = 'a' UNION ALL SELECT id FROM main WHERE role = 'b'  |  |"
            })
    void findsTheDiscriminatorInAConditionThatEveryRowMustPass(String query, String column, String values)
            throws Exception {
        var discriminator = changeFilter(query, "main").discriminator();
        assertThat(discriminator.map(Discriminator::column).orElse(null)).isEqualTo(column);
        assertThat(discriminator.map(d -> d.values().toString()).orElse(null)).isEqualTo(values);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SELECT v, id FROM main WHERE role > 'a'                                        | main  | [2]",
                "SELECT rr, k AS renamed_again FROM deep                                         | main  | [2]",
                "SELECT o.part, m.id, o.id AS oid FROM main m JOIN other o ON o.main = m.id      | main  | [2]",
                "SELECT o.part, m.id, o.id AS oid FROM main m JOIN other o ON o.main = m.id      | other | [3, 1]",
                "SELECT o.part, m.id, o.id AS oid FROM main m LEFT JOIN other o ON o.main = m.id | other | [3, 1]",
                "SELECT o.part, m.id, o.id AS oid FROM main m FULL JOIN other o ON o.main = m.id | main  | [2]",
                // On the nullable side, only with the key of the preserved side.
                "SELECT m.id, o.id AS oid, o.part FROM other o LEFT JOIN main m ON o.main = m.id | main  | [1]",
                "SELECT oid, part, id FROM outer_joined                                          | main  | [3]",
                "SELECT m.id, o.id AS oid, o.part, t.v FROM third t JOIN (other o LEFT JOIN main m ON o.main = m.id) ON t.id = o.id | main | [1]",
                "SELECT m.v, o.id, o.part FROM other o LEFT JOIN main m ON o.main = m.id         | other | [2, 3]",
                "SELECT id FROM covered                                                          | covered | [1]",
                "SELECT id, upper(v) AS v, CASE WHEN n > 1 THEN 'x' END AS x FROM main           | main  | [1]",
                // Sub-selects, WITH and partitions.
                "SELECT s.v, s.i FROM (SELECT id AS i, role AS v FROM main WHERE n > 1) s        | main  | [2]",
                "SELECT s.k FROM (SELECT key AS k FROM renamed) s                                | main  | [1]",
                "WITH w AS (SELECT * FROM main) SELECT id FROM w                                 | main  | [1]",
                "WITH a AS (SELECT id, v FROM main), b AS (SELECT v, id FROM a) SELECT s.v, s.id FROM (SELECT * FROM b) s | main | [2]",
                "WITH a AS (SELECT id FROM main) SELECT s.part, s.id FROM (SELECT o.part, o.id FROM other o JOIN a ON a.id = o.main) s | other | [2, 1]",
                "SELECT m.id, o.id AS oid, o.part FROM (SELECT * FROM other) o LEFT JOIN (SELECT * FROM main) m ON o.main = m.id | main | [1]",
                "SELECT day, id, role FROM keyed                                                 | piece | [2, 1]",
                "SELECT k.day, k.id, m.id AS m FROM (SELECT * FROM keyed) k LEFT JOIN main m ON m.id = k.id | piece | [2, 1]",
                "SELECT k.day, k.id, m.id AS m FROM keyed k LEFT JOIN main m ON m.id = k.id      | main  | [3]",
                "SELECT k.day, k.id, m.id AS m FROM main m LEFT JOIN keyed k ON m.id = k.id      | piece | [2, 1]",
                // Of the outer table, whatever the sub-query is.
                "SELECT v, id FROM main WHERE id IN (SELECT main FROM other)                     | main  | [2]",
                "SELECT v, id FROM main WHERE id NOT IN (SELECT main FROM other)                 | main  | [2]",
                "SELECT v, id FROM main m WHERE NOT EXISTS (SELECT FROM other o WHERE o.main < m.n) | main | [2]",
                "SELECT v, id, n IN (SELECT part FROM other GROUP BY part HAVING count(*) > 1) AS x FROM main | main | [2]",
                "SELECT o.id, o.part, m.id AS m FROM other o LEFT JOIN main m ON o.main = m.id AND EXISTS (SELECT FROM third t WHERE t.v = o.role) | main | [3]",
                "SELECT k.day, k.id FROM keyed k WHERE EXISTS (SELECT FROM other o WHERE o.role = k.role) | piece | [2, 1]"
            })
    void looksRowsUpByTheKeyThatTheViewShows(String query, String table, String positions) throws Exception {
        Lookup lookup = changeFilter(query, table).lookup();
        assertThat(lookup.why()).isEmpty();
        assertThat(lookup.key().orElseThrow().positions()).hasToString(positions);
    }

    /** Rows of a table in a sub-query are looked up by the value by which the sub-query takes them. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "SELECT v, id FROM main WHERE id IN (SELECT main FROM other)                     | other | main | [2]",
                "SELECT v, id FROM main WHERE n > 5 OR id IN (SELECT main FROM other WHERE part > 1) | other | main | [2]",
                "SELECT v, id FROM main m WHERE EXISTS (SELECT FROM other o WHERE o.main = m.id AND o.role = 'a') | other | main | [2]",
                "SELECT v, id FROM main m WHERE NOT EXISTS (SELECT FROM other o WHERE m.id = o.main) | other | main | [2]",
                "SELECT id, n FROM main m WHERE EXISTS (SELECT FROM other o WHERE o.main = m.n)  | other | main | [2]",
                "SELECT id, role FROM main m WHERE EXISTS (SELECT FROM other o WHERE o.role = m.role) | other | role | [2]",
                "SELECT id, nick FROM main m WHERE EXISTS (SELECT FROM other o WHERE o.role = m.nick) | other | role | [2]",
                "SELECT id, EXISTS (SELECT FROM other o WHERE o.main = m.id) IS FALSE AS none FROM main m | other | main | [1]",
                "SELECT id, (SELECT count(*) FROM other o WHERE o.main = m.id) AS n FROM main m  | other | main | [1]",
                "SELECT id, (SELECT sum(o.part) FROM other o JOIN third t ON t.id = o.id WHERE o.main = m.id GROUP BY o.role HAVING count(*) > 1) AS n FROM main m | other | main | [1]",
                // For another row of main, none of other has a match.
                "SELECT id FROM main m WHERE EXISTS (SELECT FROM third t LEFT JOIN other o ON o.main = m.id) | other | main | [1]",
                // Columns of primary keys hold no NULL.
                "SELECT part, id FROM other WHERE id NOT IN (SELECT id FROM main)                | main  | id   | [2]",
                "SELECT part, id FROM other WHERE (part, id) IN (SELECT n, id FROM main)         | main  | id   | [2]",
                "SELECT id, id IN (SELECT id FROM other WHERE part = 1) AS x FROM main           | other | id   | [1]",
                "SELECT o.id, o.part, o.main FROM other o WHERE o.main IN (SELECT k FROM deep)   | main  | id   | [3]",
                "SELECT key FROM (SELECT * FROM renamed r WHERE EXISTS (SELECT FROM other o WHERE o.main = r.key)) s | other | main | [1]",
                "SELECT id FROM main m WHERE EXISTS (SELECT FROM keyed k WHERE k.id = m.id)      | piece | id   | [1]",
                "SELECT o.id, m.id AS m FROM other o LEFT JOIN main m ON o.main = m.id WHERE EXISTS (SELECT FROM third t WHERE t.id = o.id) | third | id | [1]",
                "SELECT m.id FROM main m JOIN other o ON o.part = m.n AND EXISTS (SELECT FROM third t WHERE t.id = m.id) | third | id | [1]"
            })
    void looksRowsOfSubQueriesUpByTheComparedValue(String query, String table, String column, String positions)
            throws Exception {
        Lookup lookup = changeFilter(query, table).lookup();
        assertThat(lookup.why()).isEmpty();
        assertThat(lookup.key().orElseThrow().byValue()).isTrue();
        assertThat(lookup.key().orElseThrow().columns()).containsExactly(column);
        assertThat(lookup.key().orElseThrow().positions()).hasToString(positions);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // NULL among the rows, or as the outer value.
                "SELECT id FROM main WHERE id NOT IN (SELECT main FROM other)",
                "SELECT id, n FROM main WHERE n NOT IN (SELECT id FROM other)",
                "SELECT id FROM main WHERE id NOT IN (SELECT o.id FROM third t LEFT JOIN other o ON o.part = t.id)",
                "SELECT id, id IN (SELECT main FROM other) AS x FROM main",
                "SELECT id FROM main WHERE (id IN (SELECT main FROM other)) IS NULL",
                "SELECT id FROM main WHERE CASE WHEN id IN (SELECT main FROM other) THEN n > 1 END",
                // Nothing compares for equality what every row of the sub-query has to pass.
                "SELECT id FROM main m WHERE EXISTS (SELECT FROM other)",
                "SELECT id FROM main m WHERE EXISTS (SELECT FROM other o WHERE o.main > m.id)",
                "SELECT id FROM main m WHERE EXISTS (SELECT FROM other o WHERE o.main = m.id OR o.part = 1)",
                "SELECT id FROM main m WHERE EXISTS (SELECT FROM third t WHERE t.id = m.id AND t.id IN (SELECT main FROM other))",
                "SELECT id FROM main WHERE id IN (SELECT main FROM other UNION SELECT id FROM third)",
                "SELECT id FROM main WHERE id IN (SELECT max(main) FROM other)",
                "SELECT id FROM main WHERE id > (SELECT count(*) FROM other o WHERE o.main = main.id)"
                        + " AND EXISTS (SELECT FROM other o WHERE o.main = main.id)",
                // The view does not show the value.
                "SELECT v FROM main m WHERE EXISTS (SELECT FROM other o WHERE o.main = m.id)",
                "SELECT id + 0 AS id FROM main m WHERE EXISTS (SELECT FROM other o WHERE o.main = m.id)",
                "SELECT a.id FROM main a JOIN main b ON a.id = b.other WHERE EXISTS (SELECT FROM other o WHERE o.main = a.id)",
                // An outer join puts a row in the place of the one that goes.
                "SELECT t.id, m.id AS m FROM third t LEFT JOIN main m ON m.id = t.id WHERE EXISTS (SELECT FROM other o WHERE o.main = m.id)",
                "SELECT t.id, m.id AS m FROM third t LEFT JOIN main m ON m.id = t.id AND EXISTS (SELECT FROM other o WHERE o.main = t.id)",
                "SELECT t.id, m.id AS m FROM third t LEFT JOIN (main m JOIN covered c ON EXISTS (SELECT FROM other o WHERE o.main = m.id)) ON m.id = t.id",
                "SELECT t.id, s.id AS s FROM third t LEFT JOIN (SELECT id FROM main m WHERE EXISTS (SELECT FROM other o WHERE o.main = m.id)) s ON s.id = t.id",
                "SELECT t.id, s.id AS s FROM third t FULL JOIN (SELECT id FROM main m WHERE EXISTS (SELECT FROM other o WHERE o.main = m.id)) s ON s.id = t.id",
                // The look-up would compare otherwise than the query.
                "SELECT id, sloppy FROM main m WHERE EXISTS (SELECT FROM other o WHERE o.role = m.sloppy)",
                "SELECT id, role FROM main m WHERE EXISTS (SELECT FROM other o WHERE o.role = m.role COLLATE sloppy)",
                "SELECT id, role FROM main m WHERE EXISTS (SELECT FROM other o WHERE o.role::bpchar = m.role::bpchar)",
                "SELECT id, fixed FROM main m WHERE EXISTS (SELECT FROM other o WHERE o.role = m.fixed)",
                "SELECT id, num FROM main m WHERE EXISTS (SELECT FROM other o WHERE o.main = m.num)"
            })
    void refusesLookupsInSubQueriesThatWouldProveNothing(String query) throws Exception {
        Lookup lookup = changeFilter(query, "other").lookup();
        assertThat(lookup.key()).isEmpty();
        assertThat(lookup.why().orElseThrow().what()).isNotBlank();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT role, count(*) AS id FROM main GROUP BY role",
                "SELECT DISTINCT id FROM main",
                "SELECT id FROM main LIMIT 3",
                "SELECT id, row_number() OVER () AS n FROM main",
                "SELECT id FROM main UNION ALL SELECT id FROM other",
                "SELECT id FROM main WHERE id IN (SELECT other FROM main)",
                "SELECT id FROM main m WHERE EXISTS (SELECT FROM renamed r WHERE r.key = m.other)",
                "SELECT id, (SELECT max(part) FROM other) AS x FROM main",
                "SELECT id, ARRAY(SELECT part FROM other o WHERE o.main = m.id) AS x FROM main m",
                "SELECT id FROM main m WHERE EXISTS (SELECT FROM other o WHERE o.main = m.id AND ARRAY[o.part] = ARRAY(SELECT id FROM third))",
                "SELECT id, (SELECT role FROM other o WHERE o.main = m.id LIMIT 1) AS x FROM main m",
                "SELECT id, (SELECT role FROM other o WHERE o.main = m.id ORDER BY part OFFSET 1) AS x FROM main m",
                "SELECT id, (SELECT string_agg(role, ',') FROM other o WHERE o.main = m.id) AS x FROM main m",
                "SELECT id FROM main m WHERE EXISTS (SELECT FROM other o TABLESAMPLE system (50) WHERE o.main = m.id)",
                "SELECT id FROM main m WHERE EXISTS (SELECT FROM materialized x WHERE x.id = m.id)",
                "SELECT id FROM main m WHERE EXISTS (SELECT FROM generate_series(1, 3) g WHERE g = m.id)",
                "SELECT id FROM main m WHERE EXISTS (WITH w AS MATERIALIZED (SELECT * FROM other) SELECT FROM w WHERE w.main = m.id)",
                "WITH w AS (SELECT * FROM other) SELECT id FROM main m WHERE EXISTS (SELECT FROM w WHERE w.main = m.id)",
                "SELECT id FROM main m WHERE EXISTS (SELECT FROM parent p WHERE p.id = m.id)",
                "SELECT id FROM main m WHERE EXISTS (SELECT FROM ONLY keyed k WHERE k.id = m.id)",
                "SELECT id FROM main m WHERE EXISTS (SELECT FROM pg_class c WHERE c.relname = m.v)",
                "SELECT id + 0 AS id FROM main",
                "SELECT v FROM main",
                "SELECT id, mine(v) AS v FROM main",
                "SELECT id, generate_series(1, n) AS g FROM main",
                "SELECT a.id FROM main a JOIN main b ON a.id = b.other",
                "WITH w AS MATERIALIZED (SELECT * FROM main) SELECT id FROM w",
                "WITH w AS (SELECT * FROM main) SELECT a.id, b.id AS bid FROM w a JOIN w b ON a.id = b.n",
                "WITH RECURSIVE w AS (SELECT id FROM main UNION SELECT w.id FROM w) SELECT id FROM w",
                "WITH w AS (SELECT id, role FROM main), unread AS (SELECT 1) SELECT id FROM w",
                "WITH w AS (SELECT max(id) AS id FROM main) SELECT id FROM w",
                "SELECT id FROM (SELECT DISTINCT id FROM main) s",
                "SELECT a.id FROM (SELECT id, v FROM main) a JOIN main b ON a.id = b.other",
                "SELECT o.id, s.id AS sid FROM other o, LATERAL (SELECT m.id FROM main m WHERE m.other = o.part) s",
                "SELECT s.v FROM (SELECT id, v FROM main) s",
                "SELECT m.id, o.part FROM (SELECT part, main FROM other) o LEFT JOIN (SELECT * FROM main) m ON o.main = m.id",
                "SELECT m.id, o.part FROM other o LEFT JOIN main m ON o.main = m.id WHERE m.v IS NULL",
                "SELECT m.id, o.part FROM other o LEFT JOIN main m ON o.main = m.id WHERE coalesce(m.n, 0) = 0",
                "SELECT m.id, x.part FROM (other o LEFT JOIN main m ON o.main = m.id) JOIN other x ON x.id = coalesce(m.n, 0)",
                "SELECT m.id, o.role FROM other o LEFT JOIN main m ON o.main = m.id",
                "SELECT m.id, o.id AS oid FROM other o LEFT JOIN main m ON o.main = m.id",
                "SELECT m.id, o.id AS oid, coalesce(o.part, m.other) AS part FROM other o LEFT JOIN main m ON o.main = m.id",
                "SELECT m.id, o.part FROM main m RIGHT JOIN other o ON o.main = m.id",
                "SELECT m.id, o.part FROM main m FULL JOIN other o ON o.main = m.id",
                "SELECT id, part FROM outer_joined",
                "SELECT x.id, t.v FROM third t LEFT JOIN outer_joined x ON x.id = t.id",
                "SELECT x.id, t.id AS tid, x.part FROM third t LEFT JOIN outer_joined x ON x.oid = t.id",
                "SELECT m.id, o.id AS oid, o.part FROM other o LEFT JOIN main m ON o.main = m.id JOIN other p ON p.id = o.part",
                "SELECT id FROM main TABLESAMPLE system (50)",
                "SELECT m.id FROM main m JOIN materialized x ON x.id = m.other",
                "SELECT id, now() AS t FROM main"
            })
    void refusesLookupsThatWouldProveNothing(String query) throws Exception {
        Lookup lookup = changeFilter(query, "main").lookup();
        assertThat(lookup.key()).isEmpty();
        assertThat(lookup.why().orElseThrow().what()).isNotBlank();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT k.id, k.day FROM keyed k JOIN piece p ON p.id = k.id",
                "SELECT k.id, k.day FROM keyed k JOIN keyed p ON p.id = k.id",
                "SELECT id FROM keyed",
                "SELECT day, count(*) AS n FROM keyed GROUP BY day"
            })
    void refusesLookupsInPartitionsThatWouldProveNothing(String query) throws Exception {
        assertThat(changeFilter(query, "piece").lookup().key()).isEmpty();
    }

    /** Names of the server's structures, such as hasSubLinks, mean nothing to who reads them. */
    @Test
    void namesAllReasonsInTheWordsOfSql() throws Exception {
        assertThat(why("SELECT role, count(*) AS n FROM main GROUP BY role HAVING count(*) > 1"))
                .endsWith("this is no plain select of joined tables; it has an aggregate, GROUP BY and HAVING");
        assertThat(why("WITH w AS MATERIALIZED (SELECT id, part FROM other) SELECT DISTINCT m.id FROM main m, w"
                        + " WHERE m.id IN (SELECT main FROM other) LIMIT 3"))
                .endsWith("it has WITH (of a query that is MATERIALIZED or not read exactly once), DISTINCT and LIMIT");
        assertThat(why("SELECT m.id, s.n FROM main m, LATERAL (SELECT id AS n FROM other WHERE main = m.id LIMIT 1) s"))
                .startsWith("the sub-select \"s\" in ")
                .endsWith(" this is no plain select of joined tables; it has LIMIT");
        assertThat(
                        why(
                                "WITH w AS (SELECT part FROM other GROUP BY part) SELECT m.id FROM main m JOIN w x ON x.part = m.id"))
                .startsWith("the query of WITH read as \"x\" in ");
        assertThat(why("WITH RECURSIVE w AS (SELECT id FROM main UNION SELECT w.id FROM w) SELECT id FROM w"))
                .endsWith("it has WITH RECURSIVE");
        assertThat(why("SELECT m.id, ARRAY(SELECT part FROM other) AS x FROM main m"))
                .contains("a sub-query in an expression that is neither EXISTS nor IN nor a scalar one");
        assertThat(why("SELECT m.id, (SELECT max(part) FROM other) AS x FROM main m"))
                .contains("a scalar sub-query that is the same for all rows");
        assertThat(why("SELECT DISTINCT ON (id) id, row_number() OVER () AS n FROM main"))
                .endsWith("it has a window function and DISTINCT ON");
        assertThat(why("SELECT m.id FROM main m, materialized x, generate_series(1, 2) g"))
                .contains("reads the materialized view")
                .contains("reads the rows of a function, \"g\", in FROM");
        assertThat(why("SELECT m.id, now() AS t, random() AS r FROM main m"))
                .contains("now")
                .contains("random");
        assertThat(why("SELECT id, ARRAY[role]::varchar[] AS a FROM main WHERE (ARRAY[id])[1] = 1"))
                .contains("an element of an array")
                .doesNotContain("SUBSCRIPTINGREF");
    }

    private String why(String query) throws Exception {
        return changeFilter(query, "main").lookup().why().orElseThrow().what();
    }

    @Test
    void refusesLookupsWithRowLevelSecurity() throws Exception {
        execute("ALTER TABLE other ENABLE ROW LEVEL SECURITY");
        assertThat(changeFilter("SELECT id, part FROM other", "other").lookup().key())
                .isEmpty();
        execute("ALTER TABLE other DISABLE ROW LEVEL SECURITY");
        assertThat(changeFilter("SELECT id, part FROM other", "other").lookup().key())
                .isPresent();
    }

    @Test
    void namesTheMissingKeyOfThePreservedSide() throws Exception {
        Lookup lookup = changeFilter(
                        "SELECT m.id, o.part, o.role FROM other o LEFT JOIN main m ON o.main = m.id", "main")
                .lookup();
        assertThat(lookup.why().orElseThrow().remedy())
                .hasToString("add id of \"public\".\"other\" to the columns of the view, unaltered");
    }

    /** A query that reads a parent reads the rows of its children too. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SELECT id FROM child WHERE role = 'a'                                          | child | role",
                "SELECT c.id, p.id AS p FROM child c JOIN parent p USING (id) WHERE c.role = 'a'          | child |",
                "SELECT id, (SELECT count(*) FROM parent) AS n FROM child WHERE role = 'a'      | child |",
                "SELECT id FROM parent WHERE role = 'a'                                         | child | role",
                "SELECT id FROM parted WHERE role = 'a'                                         | leaf  | role",
                "SELECT l.id, (SELECT count(*) FROM parted) AS n FROM leaf l WHERE role = 'a'   | leaf  |"
            })
    void countsReadsOfParentsAsReadsOfTheChild(String query, String table, String column) throws Exception {
        assertThat(changeFilter(query, table)
                        .discriminator()
                        .map(Discriminator::column)
                        .orElse(null))
                .isEqualTo(column);
    }

    /** A policy may read the table whose rows the query restricts, and let other rows of other tables through because of it. */
    @Test
    void refusesDiscriminatorsWithRowLevelSecurity() throws Exception {
        String query = "SELECT o.id, m.v FROM other o JOIN main m ON m.id = o.main WHERE m.role = 'a'";
        assertThat(changeFilter(query, "main").discriminator()).isPresent();
        execute(
                "CREATE POLICY busy ON other USING (EXISTS (SELECT FROM main WHERE role = 'b'))",
                "ALTER TABLE other ENABLE ROW LEVEL SECURITY");
        assertThat(changeFilter(query, "main").discriminator()).isEmpty();
        execute("ALTER TABLE other DISABLE ROW LEVEL SECURITY", "DROP POLICY busy ON other");
        assertThat(changeFilter(query, "main").discriminator()).isPresent();
    }
}
