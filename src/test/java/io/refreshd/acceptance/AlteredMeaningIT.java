package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Views whose definition means something else after DDL, or whose owner may read other rows, are refreshed. */
class AlteredMeaningIT {
    private TestDatabase database;

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        execute(
                "CREATE ROLE owner_of_views",
                "CREATE ROLE definer",
                "CREATE ROLE grp",
                "GRANT CREATE ON SCHEMA public TO owner_of_views, definer",
                "CREATE TABLE secured (id int PRIMARY KEY)",
                "CREATE TABLE policied (id int PRIMARY KEY)",
                "ALTER TABLE policied ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY of_group ON policied TO grp USING (true)",
                "CREATE POLICY of_definer ON policied TO definer USING (id = 2)",
                "INSERT INTO secured VALUES (1), (2)",
                "INSERT INTO policied VALUES (1), (2)",
                "CREATE VIEW plain AS SELECT id FROM policied",
                "ALTER VIEW plain OWNER TO definer",
                "GRANT SELECT ON secured, policied, plain TO owner_of_views, definer",
                "CREATE TYPE st AS ENUM ('a')",
                "CREATE TEXT SEARCH CONFIGURATION c (COPY = simple)",
                "CREATE FUNCTION inner_one(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
                "CREATE FUNCTION outer_one(int) RETURNS int LANGUAGE plpgsql IMMUTABLE"
                        + " AS 'BEGIN RETURN public.inner_one($1); END'",
                "CREATE TABLE t (id int PRIMARY KEY, s st, body text, g int GENERATED ALWAYS AS (id + 1) STORED)",
                "INSERT INTO t VALUES (1, 'a', 'running')",
                "CREATE MATERIALIZED VIEW by_enum AS SELECT id, s::text AS v FROM t",
                "CREATE MATERIALIZED VIEW by_text_search AS SELECT id, to_tsvector('c', body)::text AS v FROM t",
                "CREATE MATERIALIZED VIEW by_generated AS SELECT id, g AS v FROM t",
                "CREATE MATERIALIZED VIEW by_inner AS SELECT id, outer_one(id) AS v FROM t",
                "CREATE MATERIALIZED VIEW plainly AS SELECT id, id AS v FROM t");
        for (String view : List.of("by_enum", "by_text_search", "by_generated", "by_inner", "plainly")) {
            execute("CREATE UNIQUE INDEX ON " + view + " (id)");
        }
        for (String view : List.of("secured", "policied", "plain")) {
            execute(
                    "CREATE MATERIALIZED VIEW of_" + view + " AS SELECT id, id AS v FROM " + view,
                    "CREATE UNIQUE INDEX ON of_" + view + " (id)",
                    "ALTER MATERIALIZED VIEW of_" + view + " OWNER TO owner_of_views",
                    "REFRESH MATERIALIZED VIEW of_" + view);
        }
    }

    @AfterEach
    void drop() throws Exception {
        execute("DROP OWNED BY owner_of_views, definer, grp CASCADE", "DROP ROLE owner_of_views, definer, grp");
        database.close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    ALTER TABLE secured ENABLE ROW LEVEL SECURITY | of_secured | []
                    ALTER MATERIALIZED VIEW of_policied OWNER TO definer | of_policied | [2]
                    ALTER VIEW plain SET (security_invoker = true) | of_plain | []
                    GRANT grp TO owner_of_views | of_policied | [1, 2]
                    ALTER ROLE owner_of_views BYPASSRLS | of_policied | [1, 2]
                    ALTER TYPE st RENAME VALUE 'a' TO 'x' | by_enum | [x]
                    ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR asciiword WITH english_stem | by_text_search | ['run':1]
                    ALTER TABLE t ALTER COLUMN g SET EXPRESSION AS (id + 9) | by_generated | [10]
                    CREATE OR REPLACE FUNCTION inner_one(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 7' | by_inner | [8]
                    """, quoteCharacter = '`')
    void isRefreshed(String ddl, String view, String content) throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            assertThat(content(view)).isNotEqualTo(content);
            long unrelated = daemon.refreshes("public.plainly");
            execute(ddl);
            awaitContent(view, content);
            daemon.awaitFresh();
            assertThat(daemon.refreshes("public.plainly")).isEqualTo(unrelated);
        }
    }

    /** The ledger holds the lineage, so that what happened while no daemon ran is found at the start. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    ALTER TABLE secured ENABLE ROW LEVEL SECURITY | of_secured | []
                    GRANT grp TO owner_of_views | of_policied | [1, 2]
                    ALTER TYPE st RENAME VALUE 'a' TO 'x' | by_enum | [x]
                    CREATE OR REPLACE FUNCTION inner_one(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 7' | by_inner | [8]
                    """, quoteCharacter = '`')
    void isRefreshedAfterDdlWhileTheDaemonIsDown(String ddl, String view, String content) throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
        }
        execute(ddl);
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            awaitContent(view, content);
            daemon.awaitFresh();
            assertThat(daemon.refreshes("public.plainly")).isZero();
        }
    }

    /** A view whose owner lost a privilege cannot be refreshed, and must not look fresh. The privilege brings it back. */
    @ParameterizedTest
    @CsvSource({
        "REVOKE SELECT ON secured FROM owner_of_views, GRANT SELECT ON secured TO owner_of_views",
    })
    void isNotFreshWithoutThePrivilege(String revoke, String grant) throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            execute(revoke);
            await().until(() -> !state("of_secured").equals(List.of("fresh")));
            execute(grant);
            await().until(() -> state("of_secured").equals(List.of("fresh")));
        }
    }

    private void awaitContent(String view, String content) {
        await(view + " holds " + content).until(() -> content(view).equals(content));
    }

    private String content(String view) throws Exception {
        return database.query("SELECT v FROM " + view + " ORDER BY id").toString();
    }

    private List<String> state(String view) throws Exception {
        return database.query("SELECT state FROM refreshd.freshness WHERE view_name = '" + view + "'").stream()
                .map(String::valueOf)
                .toList();
    }

    private void execute(String... statements) throws Exception {
        database.execute(statements);
    }
}
