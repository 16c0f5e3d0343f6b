package io.refreshd.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.catalog.UndeterminedQueries;
import io.refreshd.config.DatabaseSettings;
import io.refreshd.config.Secret;
import io.refreshd.database.ConnectionPools;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.time.Duration;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AuditIT {
    private TestDatabase database;
    private Audit audit;

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, v text, j json, p point)",
                "INSERT INTO main SELECT i, 'v' || i, '{\"a\": 1}', point(i, i) FROM generate_series(1, 20) i");
        audit = new Audit(
                database.jdbi(), UndeterminedQueries::of, Thread::sleep, Duration.ofSeconds(20), TestTimeout.LIMIT);
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @Test
    void findsRowsThatAreMissingAndTooMany() throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW plain AS SELECT id, v FROM main", "CREATE UNIQUE INDEX ON plain (id)");
        assertThat(audit("plain").verdict()).isEqualTo(Verdict.EQUAL);
        assertThat(audit("plain").difference().rows()).isEqualTo(20);

        database.execute(
                "UPDATE main SET v = 'secret' WHERE id = 3",
                "INSERT INTO main VALUES (21, 'n')",
                "DELETE FROM main WHERE id = 4");
        AuditReport report = audit("plain");
        assertThat(report.difference().missing()).isEqualTo(2);
        assertThat(report.difference().surplus()).isEqualTo(2);
        assertThat(report.difference().keys()).containsExactly("(21)", "(3)", "(4)");
        assertThat(report.verdict()).isEqualTo(Verdict.UNEXPLAINED);
        assertThat(report.toString()).doesNotContain("secret");
    }

    @Test
    void countsDuplicatesAndComparesTypesWithoutEquality() throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW odd AS SELECT j, p, 1 AS \"refreshd_row\", NULL::text AS n FROM main WHERE id < 3"
                        + " UNION ALL SELECT j, p, 1, '' FROM main WHERE id = 1 UNION ALL SELECT j, p, 1, '' FROM main WHERE id = 1");
        assertThat(audit("odd").verdict()).isEqualTo(Verdict.EQUAL);
        database.execute("DELETE FROM main WHERE id = 1");
        AuditReport report = audit("odd");
        assertThat(report.difference().surplus()).isEqualTo(3);
        assertThat(report.difference().missing()).isZero();
        assertThat(report.difference().keys()).isEmpty();
    }

    @Test
    void handlesHostileNamesAndOddDefinitions() throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW \"o'dd \"\"view\"\"\" AS SELECT id AS \"held\", ':x ?' || v AS \"a.b\" FROM main --",
                "CREATE MATERIALIZED VIEW columnless AS SELECT FROM main",
                "CREATE MATERIALIZED VIEW empty AS SELECT id FROM main WITH NO DATA");
        assertThat(audit("o'dd \"view\"").verdict()).isEqualTo(Verdict.EQUAL);
        assertThat(audit("columnless").verdict()).isEqualTo(Verdict.EQUAL);
        assertThat(audit("empty").verdict()).isEqualTo(Verdict.FAILED);
        assertThat(audit("none").verdict()).isEqualTo(Verdict.FAILED);
    }

    @Test
    void runsTheDefinitionAsTheOwnerOrRefusesToFilter() throws Exception {
        database.execute(
                "CREATE ROLE owner_" + database.name(),
                "CREATE ROLE reader_" + database.name() + " LOGIN",
                "GRANT SELECT ON main TO owner_" + database.name() + ", reader_" + database.name(),
                "ALTER TABLE main ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY few ON main FOR SELECT TO owner_" + database.name() + " USING (id < 5)",
                "CREATE MATERIALIZED VIEW mine AS SELECT id FROM main WHERE id < 5",
                "ALTER MATERIALIZED VIEW mine OWNER TO owner_" + database.name(),
                "GRANT SELECT ON mine TO reader_" + database.name());
        try {
            assertThat(audit("mine").verdict()).isEqualTo(Verdict.EQUAL);
            audit = new Audit(
                    Jdbi.create(database.url(), "reader_" + database.name(), ""),
                    UndeterminedQueries::of,
                    Thread::sleep,
                    Duration.ZERO,
                    Duration.ZERO);
            AuditReport refused = audit("mine");
            assertThat(refused.verdict()).isEqualTo(Verdict.FAILED);
            assertThat(refused.detail()).contains("row-level security");
        } finally {
            database.execute(
                    "DROP MATERIALIZED VIEW mine",
                    "DROP OWNED BY owner_" + database.name() + ", reader_" + database.name(),
                    "DROP ROLE owner_" + database.name() + ", reader_" + database.name());
        }
    }

    /** The client listens for as long as a comparison may take. If it did not, each long comparison would leave its backend behind. */
    @Test
    void aComparisonMayTakeLongerThanOtherStatements() throws Exception {
        database.execute(
                "CREATE FUNCTION slow(id int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN"
                        + " IF pg_catalog.current_setting('transaction_read_only') = 'on' THEN"
                        + " PERFORM pg_catalog.pg_sleep(10); END IF; RETURN id; END $$",
                "CREATE MATERIALIZED VIEW slowly AS SELECT slow(id) AS id FROM main WHERE id = 1");
        DatabaseSettings login = new DatabaseSettings(database.url() + "?socketTimeout=8", "postgres", new Secret(""));
        try (ConnectionPools pools = ConnectionPools.of(login, 1)) {
            audit = new Audit(
                    pools.jdbi(), UndeterminedQueries::of, Thread::sleep, TestTimeout.LIMIT, TestTimeout.LIMIT);
            assertThat(audit("slowly").verdict()).isEqualTo(Verdict.EQUAL);
        }
    }

    @Test
    void aMarkedChangeIsPendingAndAnUnmarkedOneIsDrift() throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW watched AS SELECT id, v FROM main", "CREATE UNIQUE INDEX ON watched (id)");
        try (RunningDaemon daemon = RunningDaemon.start(database, "views: { quiet-period: 10m, target-lag: 20m }")) {
            await().until(() ->
                    database.query("SELECT state FROM refreshd.freshness").equals(java.util.List.of("fresh")));
            database.execute("INSERT INTO main VALUES (21, 'later')");
            assertThat(audit("watched").verdict()).isEqualTo(Verdict.PENDING);
            // As if the mark had been lost.
            database.execute("UPDATE refreshd.view_state SET covered = marked, dirty_since = NULL");
            AuditReport report = audit("watched");
            assertThat(report.verdict()).isEqualTo(Verdict.DRIFT);
            assertThat(report.difference().keys()).containsExactly("(21)");
            assertThat(report.watermark()).isPresent();
        }
    }

    @Test
    void theDaemonFindsDriftByItselfAndRefreshesTheView() throws Exception {
        // A function that is declared IMMUTABLE but reads a table: the log shows no change for the view.
        database.execute(
                "CREATE TABLE hidden (id int PRIMARY KEY, v text)",
                "CREATE FUNCTION peek(i int) RETURNS text LANGUAGE plpgsql IMMUTABLE"
                        + " AS 'BEGIN RETURN (SELECT h.v FROM public.hidden h WHERE h.id = i); END'",
                "CREATE MATERIALIZED VIEW watched AS SELECT id, public.peek(id) AS v FROM main",
                "CREATE UNIQUE INDEX ON watched (id)");
        try (RunningDaemon daemon =
                RunningDaemon.start(database, "views: { quiet-period: 50ms }\naudit: { interval: 100ms }")) {
            daemon.awaitFresh();
            database.execute("INSERT INTO hidden VALUES (5, 'five')");
            await().until(() -> daemon.notices().stream().anyMatch(Notice.DriftFound.class::isInstance));
            await().until(() ->
                    database.query("SELECT v FROM watched WHERE id = 5").equals(java.util.List.of("five")));
        }
    }

    /** openFEC's views number their rows so; another run of the query may number them differently. */
    @Test
    void aDifferenceInWhatTheDefinitionLeavesOpenIsNoDrift() throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW numbered AS SELECT row_number() OVER () AS idx, id, v FROM main",
                "CREATE UNIQUE INDEX ON numbered (idx)",
                "CREATE MATERIALIZED VIEW few AS SELECT id FROM main LIMIT 3",
                "CREATE UNIQUE INDEX ON few (id)");
        try (RunningDaemon daemon =
                RunningDaemon.start(database, "views: { quiet-period: 50ms }\naudit: { interval: 100ms }")) {
            daemon.awaitFresh();
            long before = daemon.refreshes("public.numbered");
            // The table now stores its rows in another order, and nothing of that is a change of a row.
            database.execute("CREATE INDEX by_v ON main (v DESC)", "CLUSTER main USING by_v");
            await().until(() -> audit("numbered").verdict() != Verdict.PENDING
                    && audit("few").verdict() != Verdict.PENDING);
            AuditReport report = audit("numbered");
            assertThat(report.verdict()).isEqualTo(Verdict.UNDETERMINED);
            assertThat(report.detail()).contains("row_number()").contains("the other columns are equal");
            assertThat(audit("few").verdict()).isEqualTo(Verdict.UNDETERMINED);
            assertThat(daemon.notices()).noneMatch(Notice.DriftFound.class::isInstance);
            assertThat(daemon.refreshes("public.numbered")).isLessThanOrEqualTo(before + 1);

            // What is determined is still compared.
            database.execute("INSERT INTO main VALUES (21, 'lost')");
            daemon.awaitFresh();
            await().until(() -> database.query("SELECT count(*) FROM numbered").equals(java.util.List.of("21")));
        }
        database.execute("UPDATE main SET v = 'other' WHERE id = 3");
        assertThat(audit("numbered").verdict()).isEqualTo(Verdict.UNEXPLAINED);
    }

    private AuditReport audit(String view) throws Exception {
        return audit.audit(new ViewId("public", view));
    }
}
