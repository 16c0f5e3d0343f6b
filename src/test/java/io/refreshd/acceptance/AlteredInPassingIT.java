package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.incremental.Conversion;
import io.refreshd.model.ViewId;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What a view depends on is altered, the view is refreshed, and all is put back, between two comparisons of the catalog. So the
 * comparisons find no difference, and the view holds what its definition did not say before and does not say after.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@NullUnmarked // Set before all tests.
class AlteredInPassingIT {
    private TestDatabase database;
    private RunningDaemon daemon;

    @BeforeAll
    void start() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE ROLE passing_owner LOGIN",
                "CREATE ROLE passing_definer",
                "CREATE ROLE passing_group",
                "GRANT CREATE ON SCHEMA public TO passing_owner, passing_definer",
                "CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id)",
                "CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (1000)",
                "CREATE TABLE lone (id int PRIMARY KEY, v text)",
                "CREATE TABLE heir (id int PRIMARY KEY, v text)",
                "INSERT INTO parts VALUES (1, 'one')",
                "INSERT INTO lone VALUES (1001, 'x')",
                "INSERT INTO heir VALUES (1, 'one')",
                "CREATE TABLE secured (id int PRIMARY KEY, v text)",
                "CREATE TABLE policied (id int PRIMARY KEY, v text)",
                "ALTER TABLE policied ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY of_group ON policied TO passing_group USING (true)",
                "CREATE POLICY of_definer ON policied TO passing_definer USING (id <> 1)",
                "INSERT INTO secured VALUES (1, 'one')",
                "INSERT INTO policied VALUES (1, 'one')",
                "CREATE VIEW plain AS SELECT id, v FROM policied",
                "ALTER VIEW plain OWNER TO passing_definer",
                "GRANT SELECT ON ALL TABLES IN SCHEMA public TO passing_owner, passing_definer",
                "CREATE TYPE st AS ENUM ('a')",
                "CREATE TABLE t (id int PRIMARY KEY, s st DEFAULT 'a', at timestamptz DEFAULT '2026-01-01 23:30:00+00', v text)",
                "GRANT SELECT ON t TO passing_owner",
                "INSERT INTO t VALUES (1)");
        define("of_parts", "SELECT id, v FROM parts");
        define("of_heir", "SELECT id, v FROM heir");
        define("of_secured", "SELECT id, v FROM secured");
        define("of_policied", "SELECT id, v FROM policied");
        define("of_plain", "SELECT id, v FROM plain");
        define("by_enum", "SELECT id, s::text AS v FROM t");
        define("by_day", "SELECT id, at::date AS v FROM t");
        define("kept_count", "SELECT v AS id, count(*) AS n FROM parts GROUP BY v");
        RunningDaemon.start(database).close();
        try (Handle handle = database.open()) {
            Conversion.forward(handle, new ViewId("public", "kept_count"));
        }
        daemon = RunningDaemon.start(
                RunningDaemon.configuration(database.url(), database.slot(), "views: { quiet-period: 10ms }")
                        .replace("interval: 1s", "interval: 2s"));
    }

    private void define(String view, String query) throws Exception {
        database.execute(
                "SET ROLE passing_owner",
                "CREATE MATERIALIZED VIEW " + view + " AS " + query,
                "CREATE VIEW is_" + view + " AS " + query,
                "CREATE UNIQUE INDEX ON " + view + " (id)",
                "RESET ROLE");
    }

    @AfterAll
    void stop() throws Exception {
        daemon.close();
        database.execute(
                "DROP OWNED BY passing_owner, passing_definer, passing_group CASCADE",
                "DROP ROLE passing_owner, passing_definer, passing_group");
        database.close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    of_parts    | parts    | ALTER TABLE parts ATTACH PARTITION lone FOR VALUES FROM (1000) TO (2000) | ALTER TABLE parts DETACH PARTITION lone
                    kept_count  | parts    | ALTER TABLE parts ATTACH PARTITION lone FOR VALUES FROM (1000) TO (2000) | ALTER TABLE parts DETACH PARTITION lone
                    of_heir     | heir     | ALTER TABLE lone INHERIT heir | ALTER TABLE lone NO INHERIT heir
                    of_secured  | secured  | ALTER TABLE secured ENABLE ROW LEVEL SECURITY | ALTER TABLE secured DISABLE ROW LEVEL SECURITY
                    of_policied | policied | CREATE POLICY p ON policied USING (true) | DROP POLICY p ON policied
                    of_policied | policied | GRANT passing_group TO passing_owner | REVOKE passing_group FROM passing_owner
                    of_plain    | policied | ALTER VIEW plain SET (security_invoker = true) | ALTER VIEW plain RESET (security_invoker)
                    by_enum     | t        | ALTER TYPE st RENAME VALUE 'a' TO 'b' | ALTER TYPE st RENAME VALUE 'b' TO 'a'
                    by_day      | t        | ALTER ROLE passing_owner SET timezone = 'Asia/Tokyo' | ALTER ROLE passing_owner RESET timezone
                    """)
    void whatIsPutBackBeforeTheCatalogIsCompared(String view, String table, String ddl, String back) throws Exception {
        awaitTrue(view);
        database.execute(ddl);
        try {
            long before = daemon.refreshes("public." + view);
            database.execute(
                    "INSERT INTO " + table + " (id, v) SELECT max(id) + 1, 'x' FROM " + table + " WHERE id < 1000");
            // By the altered catalog, as soon as that is read.
            await("refreshed meanwhile").until(() -> daemon.refreshes("public." + view) > before);
        } finally {
            database.execute(back);
        }
        awaitTrue(view);
    }

    private void awaitTrue(String view) throws Exception {
        FreshnessWait.await(view, database::query);
        try (Connection owner = DriverManager.getConnection(database.url(), "passing_owner", "");
                Statement statement = owner.createStatement()) {
            var rows = statement.executeQuery("SELECT (SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM " + view
                    + " x), (SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM is_" + view + " x)");
            rows.next();
            assertThat(rows.getString(1)).isEqualTo(rows.getString(2));
        }
    }
}
