package io.refreshd.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.config.Configuration;
import io.refreshd.config.ConfigurationReader;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DatabaseChecksIT {
    private TestDatabase database;

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, v text)",
                "INSERT INTO main SELECT i, 'v' FROM generate_series(1, 20000) i",
                "CREATE MATERIALIZED VIEW good AS SELECT id, v FROM main",
                "CREATE UNIQUE INDEX ON good (id)");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @Test
    void aGoodDatabaseHasNoErrors() throws Exception {
        List<Finding> findings = check();
        assertThat(findings).noneMatch(finding -> finding.severity() == Severity.ERROR);
        assertThat(codes(findings)).contains("slot-unbounded").doesNotContain("not-examined", "pooler", "clock");
    }

    @Test
    void findsWhatIsWrongWithViewsAndTables() throws Exception {
        database.execute(
                "CREATE TABLE keyless (v text)",
                "CREATE UNLOGGED TABLE fleeting (id int PRIMARY KEY)",
                "CREATE TABLE guarded (id int PRIMARY KEY)",
                "ALTER TABLE guarded ENABLE ROW LEVEL SECURITY",
                "CREATE FUNCTION lookup(int) RETURNS text LANGUAGE plpgsql STABLE AS"
                        + " 'BEGIN RETURN (SELECT v FROM main WHERE id = $1); END'",
                "CREATE MATERIALIZED VIEW no_index AS SELECT id FROM guarded",
                "CREATE MATERIALIZED VIEW \"partial\" AS SELECT id FROM main",
                "CREATE UNIQUE INDEX ON \"partial\" (id) WHERE id > 3",
                "CREATE MATERIALIZED VIEW empty AS SELECT id FROM main WITH NO DATA",
                "CREATE UNIQUE INDEX ON empty (id)",
                "CREATE MATERIALIZED VIEW late AS SELECT v, id, now() FROM main",
                "CREATE UNIQUE INDEX ON late (id)",
                "CREATE MATERIALIZED VIEW asks AS SELECT id, lookup(id) AS v FROM fleeting",
                "CREATE UNIQUE INDEX ON asks (id)",
                "CREATE MATERIALIZED VIEW keyless_one AS SELECT v FROM keyless",
                "ANALYZE late");
        List<Finding> findings = check();
        assertThat(about(findings, "not-refreshable", Severity.ERROR))
                .containsExactly("public.keyless_one", "public.no_index", "public.partial");
        assertThat(about(findings, "never-populated", Severity.ERROR)).containsExactly("public.empty");
        assertThat(about(findings, "untracked-source", Severity.WARNING))
                .contains("public.late", "public.asks", "public.keyless_one");
        assertThat(about(findings, "key-not-first", Severity.WARNING)).containsExactly("public.late");
        assertThat(about(findings, "replica-identity", Severity.WARNING)).containsExactly("public.keyless");
        assertThat(about(findings, "row-security", Severity.INFO)).containsExactly("public.guarded");
        assertThat(about(findings, "search-path", Severity.WARNING)).containsExactly("public.asks");
        assertThat(codes(findings)).doesNotContain("not-examined");
        assertThat(findings).isSortedAccordingTo(Finding.ORDER);
    }

    @Test
    void findsWhatTheRoleMayNotDo() throws Exception {
        String role = "poor_" + database.name();
        database.execute(
                "CREATE ROLE " + role + " LOGIN",
                "CREATE SCHEMA hidden",
                "CREATE MATERIALIZED VIEW hidden.good AS SELECT id FROM main",
                "CREATE UNIQUE INDEX ON hidden.good (id)");
        try {
            List<Finding> findings = check(role, Instant::now);
            assertThat(about(findings, "not-permitted", Severity.ERROR)).containsExactly("hidden.good", "public.good");
            assertThat(findings)
                    .anyMatch(finding -> finding.remedy()
                            .toString()
                            .equals("GRANT USAGE ON SCHEMA \"hidden\" TO \"" + role
                                    + "\"; GRANT MAINTAIN ON hidden.good TO \"" + role + "\""))
                    .anyMatch(finding ->
                            finding.remedy().toString().equals("GRANT MAINTAIN ON public.good TO \"" + role + "\""));
            assertThat(about(findings, "not-looked-up", Severity.INFO)).containsExactly("2 views");
            assertThat(findings)
                    .anyMatch(finding -> finding.remedy()
                            .toString()
                            .equals(
                                    "GRANT USAGE ON SCHEMA \"hidden\" TO \"<role>\"; GRANT SELECT ON \"public\".\"main\" TO \"<role>\";"
                                            .concat(" GRANT SELECT ON \"hidden\".\"good\" TO \"<role>\";")
                                            .concat(" GRANT SELECT ON \"public\".\"good\" TO \"<role>\"")
                                            .replace("<role>", role)));
            assertThat(codes(findings))
                    .contains("ledger-not-permitted", "prerequisite", "not-owner")
                    .doesNotContain("not-examined");
        } finally {
            database.execute("DROP OWNED BY " + role, "DROP ROLE " + role);
        }
    }

    @Test
    void noticesThatTheClocksDiffer() throws Exception {
        List<Finding> findings = check("postgres", () -> Instant.now().minus(Duration.ofMinutes(2)));
        assertThat(about(findings, "clock", Severity.WARNING)).containsExactly("clock");
    }

    @Test
    void findsAViewThatVacuumDoesNotKeepUpWith() throws Exception {
        database.execute(
                "ALTER MATERIALIZED VIEW good SET (autovacuum_enabled = off)",
                "UPDATE main SET v = 'w'",
                "REFRESH MATERIALIZED VIEW CONCURRENTLY good",
                "SELECT pg_stat_force_next_flush()");
        await().untilAsserted(() ->
                assertThat(about(check(), "bloat", Severity.WARNING)).containsExactly("public.good"));
        database.execute("VACUUM good", "SELECT pg_stat_force_next_flush()");
        await().untilAsserted(() -> assertThat(codes(check())).doesNotContain("bloat"));
    }

    @Test
    void changesNothing() throws Exception {
        String before = xids();
        check();
        assertThat(xids()).isEqualTo(before);
        assertThat(database.query("SELECT to_regnamespace('refreshd') IS NULL")).containsExactly("t");
    }

    private String xids() throws Exception {
        return database.query("SELECT string_agg(xmin::text || relname, ',' ORDER BY oid) FROM pg_class")
                .toString();
    }

    private static List<String> codes(List<Finding> findings) {
        return findings.stream().map(Finding::code).toList();
    }

    private static List<String> about(List<Finding> findings, String code, Severity severity) {
        return findings.stream()
                .filter(finding -> finding.code().equals(code) && finding.severity() == severity)
                .map(Finding::about)
                .toList();
    }

    private List<Finding> check() throws Exception {
        return check("postgres", Instant::now);
    }

    private List<Finding> check(String user, Supplier<Instant> wall) throws Exception {
        Configuration configuration = ConfigurationReader.read(
                RunningDaemon.configuration(database.url(), database.slot(), ""), "test.yaml", Map.of());
        try (Handle handle = database.open(user)) {
            return DatabaseChecks.run(handle, configuration, wall);
        }
    }
}
