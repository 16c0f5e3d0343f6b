package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.refreshd.cli.Refreshd;
import io.refreshd.config.Configuration;
import io.refreshd.config.ConfigurationReader;
import io.refreshd.doctor.DatabaseChecks;
import io.refreshd.incremental.Conversion;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import io.refreshd.testing.Checked;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.Slots;
import io.refreshd.testing.StrictServer;
import io.refreshd.testing.VersionedServer;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** What differs between major versions of PostgreSQL: the queries of the daemon, and the privileges that the daemon needs. */
@ParameterizedClass(name = "PostgreSQL {0}")
@ValueSource(ints = {15, 16, 17, 18})
class EveryVersionIT {
    private static final String ROLE = "Poor role";
    private static final int MAINTAIN = 17;

    private static @Nullable VersionedServer server;

    @Parameter
    private int version;

    private String database = "";

    @BeforeParameterizedClassInvocation
    static void startServer(int version) throws Exception {
        server = VersionedServer.start(version);
    }

    @AfterParameterizedClassInvocation
    static void stopServer() throws Exception {
        if (server != null) {
            server.close();
            server = null;
        }
    }

    /**
     * Starts with a role that may only log in. Every statement that refreshd prints as a remedy is run as printed, until all
     * is well.
     */
    @Test
    void whatIsPrintedSuffices() throws Exception {
        database = "poor";
        wholeDaemon();
        if (version >= MAINTAIN) {
            assertThat(query("SELECT has_table_privilege('Poor role', 'main', 'SELECT')"
                            + " OR has_schema_privilege('Poor role', 'public', 'CREATE')"
                            + " OR has_database_privilege('Poor role', 'poor', 'CREATE')"
                            + " OR pg_has_role('Poor role', 'app owner', 'MEMBER')"))
                    .as("it may still neither read nor make anything")
                    .containsExactly("f");
        }
    }

    /** The grants of docs/privileges.md with which refreshd creates everything itself. */
    @Test
    void aCommitBecomesVisibleUnderTheDocumentedGrants(@TempDir Path folder) throws Exception {
        database = "granted";
        StrictServer.run(
                url("postgres"),
                "",
                "CREATE ROLE granted LOGIN REPLICATION",
                "CREATE ROLE table_owner",
                "CREATE ROLE view_owner",
                "CREATE DATABASE granted",
                "GRANT CREATE ON DATABASE granted TO granted",
                "GRANT table_owner TO granted");
        execute(
                "GRANT CREATE ON SCHEMA public TO table_owner, view_owner",
                "SET ROLE table_owner;"
                        + " CREATE TABLE main (id int PRIMARY KEY, v text, note text);"
                        + " ALTER TABLE main REPLICA IDENTITY FULL;"
                        + " CREATE TABLE events (id int, day int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);"
                        + " CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);"
                        + " GRANT SELECT ON main, events TO view_owner",
                "SET ROLE view_owner;"
                        + " CREATE MATERIALIZED VIEW seen AS SELECT id, v FROM main; CREATE UNIQUE INDEX ON seen (id);"
                        + " CREATE MATERIALIZED VIEW stacked AS SELECT count(*) AS n FROM seen;"
                        + " CREATE UNIQUE INDEX ON stacked (n);"
                        + " CREATE MATERIALIZED VIEW days AS SELECT id, day FROM events;"
                        + " CREATE UNIQUE INDEX ON days (id, day);"
                        + " CREATE MATERIALIZED VIEW day_count AS SELECT count(*) AS n FROM events;"
                        + " CREATE UNIQUE INDEX ON day_count (n)",
                version >= MAINTAIN
                        ? "RESET ROLE; GRANT MAINTAIN ON seen, stacked, days, day_count TO granted"
                        : "RESET ROLE; GRANT view_owner TO granted");
        String yaml = RunningDaemon.configuration(
                        url("granted"),
                        "granted",
                        "views: { quiet-period: 50ms, together: [[public.days, public.day_count]] }")
                .replace("user: postgres", "user: granted");
        try (RunningDaemon daemon = RunningDaemon.start(yaml)) {
            daemon.awaitFresh();
            awaitRows("SELECT count(*) FROM pg_publication_tables WHERE pubname = 'refreshd'", "2");
            execute("INSERT INTO main VALUES (1, 'through', ''), (2, 'too', '')");
            awaitRows("SELECT v FROM seen WHERE id = 1", "through");
            awaitRows("SELECT n FROM stacked", "2");
            execute("INSERT INTO events VALUES (1, 5)");
            awaitRows("SELECT day FROM days", "5");
            awaitRows("SELECT n FROM day_count", "1");
            assertThat(query(
                            "SELECT DISTINCT detail FROM refreshd.refresh_history WHERE view_name = 'days' AND outcome ="
                                    + " 'refreshed'"))
                    .containsExactly("refreshed together with public.day_count");

            daemon.awaitFresh();
            long before = daemon.refreshes("public.seen");
            execute("UPDATE main SET note = 'read by no view'");
            await().until(() -> daemon.notices().stream()
                    .anyMatch(notice -> notice instanceof Notice.RefreshAvoided avoided
                            && avoided.reason() == Notice.Avoided.COLUMN));
            FreshnessWait.await("seen", this::query);
            assertThat(daemon.refreshes("public.seen")).isEqualTo(before);

            rowsAreLookedUpOnceTheRoleMayRead(daemon, ConfigurationReader.read(yaml, "test.yaml", Map.of()));

            execute("TRUNCATE main");
            awaitRows("SELECT n FROM stacked", "0");
        }
        Path file = Files.writeString(folder.resolve("refreshd.yaml"), yaml);
        await().untilAsserted(() -> assertThat(Refreshd.commandLine(Map.of())
                        .setOut(new PrintWriter(Writer.nullWriter()))
                        .execute("teardown", "--config", file.toString(), "--yes"))
                .isZero());
        assertThat(query("SELECT slot_name FROM pg_replication_slots WHERE database = 'granted'"
                        + " UNION ALL SELECT pubname FROM pg_publication"
                        + " UNION ALL SELECT nspname FROM pg_namespace WHERE nspname = 'refreshd'"))
                .as("nothing is left behind")
                .isEmpty();
    }

    @Test
    void roleViewsComeAndGoUnderTheDocumentedGrants(@TempDir Path folder) throws Exception {
        new RoleViewsRound(url("postgres"), url("roled"), folder).run();
    }

    /** The rows that changed are found in the view, so its definition is understood in the form that this version stores. */
    @Test
    void anIncrementalViewIsRecomputedByTheRowsThatChanged() throws Exception {
        StrictServer.run(url("postgres"), "", "CREATE DATABASE incremental");
        database = "incremental";
        execute(
                "CREATE TABLE main (id int PRIMARY KEY, v text)",
                "CREATE TABLE details (id int PRIMARY KEY, main_id int, w text)",
                "INSERT INTO main SELECT i, 'v' FROM generate_series(1, 20) i",
                "INSERT INTO details SELECT i, i, 'w' FROM generate_series(1, 10) i");
        try (RunningDaemon daemon =
                RunningDaemon.start(RunningDaemon.configuration(url("incremental"), "incremental", ""))) {
            execute(
                    "CREATE MATERIALIZED VIEW kept AS SELECT m.v, d.w FROM main m LEFT JOIN details d ON d.main_id = m.id");
            try (Handle handle = Jdbi.open(url("incremental"), "postgres", "")) {
                Conversion.forward(handle, new ViewId("public", "kept"));
            }
            FreshnessWait.await("kept", this::query);
            execute("UPDATE details SET w = 'new' WHERE id = 1", "DELETE FROM details WHERE id = 2");
            FreshnessWait.await("kept", this::query);
            assertThat(
                            query(
                                    "SELECT count(*) FROM kept WHERE w = 'new' UNION ALL SELECT count(*) FROM kept WHERE w IS NULL"))
                    .containsExactly("1", "11");
            assertThat(query(
                            "SELECT DISTINCT method FROM refreshd.refresh_history WHERE view_name = 'kept' AND detail LIKE"
                                    + " '%recomputed' AND outcome = 'refreshed'"))
                    .containsExactly("incremental");
        }
    }

    /** MAINTAIN lets a role refresh a view without reading it. A member of the owner can read it. */
    private void rowsAreLookedUpOnceTheRoleMayRead(RunningDaemon daemon, Configuration configuration) throws Exception {
        List<String> grants;
        try (Handle handle = Jdbi.open(url("granted"), "granted", "")) {
            grants = DatabaseChecks.run(handle, configuration, Instant::now).stream()
                    .filter(finding -> finding.code().equals("not-looked-up"))
                    .flatMap(finding -> finding.remedy().sql().stream())
                    .toList();
        }
        if (version >= MAINTAIN) {
            assertThat(grants)
                    .containsExactlyInAnyOrder(
                            "GRANT SELECT ON \"public\".\"days\" TO \"granted\"",
                            "GRANT SELECT ON \"public\".\"seen\" TO \"granted\"");
        } else {
            assertThat(grants).isEmpty();
        }
        execute(grants.toArray(String[]::new));
        await().untilAsserted(() -> {
            execute("BEGIN; INSERT INTO main VALUES (9, 'comes'); DELETE FROM main WHERE id = 9; COMMIT");
            assertThat(daemon.notices())
                    .anyMatch(notice -> notice instanceof Notice.RefreshAvoided avoided
                            && avoided.reason() == Notice.Avoided.LOOKUP);
        });
    }

    private void wholeDaemon() throws Exception {
        StrictServer.run(
                url("postgres"),
                "",
                "CREATE ROLE \"Poor role\" LOGIN",
                "CREATE ROLE \"app owner\"",
                "CREATE DATABASE poor");
        execute(
                "CREATE SCHEMA hidden AUTHORIZATION \"app owner\"",
                "GRANT CREATE ON SCHEMA public TO \"app owner\"",
                "SET ROLE \"app owner\"; CREATE TABLE main (id int PRIMARY KEY, v text);"
                        + " CREATE MATERIALIZED VIEW seen AS SELECT id, v FROM main;"
                        + " CREATE UNIQUE INDEX ON seen (id);"
                        + " CREATE MATERIALIZED VIEW hidden.view AS SELECT id, v FROM main;"
                        + " CREATE UNIQUE INDEX ON hidden.view (id)");
        String yaml = RunningDaemon.configuration(
                        url(database), "poor", "views: { include: ['*.*'], quiet-period: 50ms }")
                .replace("user: postgres", "user: " + ROLE);
        Checked checked = Checked.of(yaml);
        assertThat(checked.code()).isEqualTo(3);
        assertThat(checked.findings())
                .filteredOn(finding -> finding.path("severity").asText().equals("error"))
                .as("one finding for both views")
                .anyMatch(finding -> finding.path("concerns").toString().equals("[\"hidden.view\",\"public.seen\"]"));
        assertThat(checked.findings())
                .extracting(finding -> finding.path("code").asText())
                .doesNotContain("not-examined", "pooler");

        PrerequisitesMissingException refused =
                catchThrowableOfType(PrerequisitesMissingException.class, () -> RunningDaemon.start(yaml));
        assertThat(refused.obstacles())
                .hasSize(2)
                .extracting(Obstacle::what)
                .as("an error of check in the same words")
                .isSubsetOf(checked.what("error"))
                .anyMatch(what -> what.contains("may not read the log"))
                .anyMatch(what -> what.contains("ledger") && what.contains("publication"));
        runAsPrinted(refused.obstacles().stream().map(Obstacle::remedy).toList());

        try (RunningDaemon daemon = RunningDaemon.start(yaml)) {
            List<Remedy> remedies = new ArrayList<>();
            for (String view : List.of("public.seen", "hidden.view")) {
                daemon.awaitPhase(view, ViewPhase.SUSPENDED);
                Obstacle reason = daemon.view(view).flatMap(ViewStatus::reason).orElseThrow();
                assertThat(reason.what()).contains(ROLE).contains(view).contains("app owner");
                remedies.add(reason.remedy());
            }
            // All at once: before 17 one statement is the remedy for both views.
            runAsPrinted(remedies);
            daemon.awaitFresh();
            execute("INSERT INTO main VALUES (1, 'through')");
            for (String view : List.of("public.seen", "hidden.view")) {
                await(view)
                        .untilAsserted(
                                () -> assertThat(query("SELECT v FROM " + view)).containsExactly("through"));
            }
            assertThat(Checked.of(yaml).what("error")).isEmpty();
            aTableThatItMayNotPublish(daemon);
        }
        Slots.drop(url(database), "poor");
    }

    private void aTableThatItMayNotPublish(RunningDaemon daemon) throws Exception {
        execute(
                "CREATE TABLE foreign_one (id int PRIMARY KEY)",
                "CREATE MATERIALIZED VIEW of_foreign AS SELECT id FROM foreign_one",
                "CREATE UNIQUE INDEX ON of_foreign (id)",
                "GRANT SELECT ON foreign_one TO \"Poor role\"",
                "ALTER MATERIALIZED VIEW of_foreign OWNER TO \"Poor role\"");
        await().untilAsserted(() -> assertThat(daemon.view("public.of_foreign").flatMap(ViewStatus::reason))
                .map(Obstacle::what)
                .hasValueSatisfying(what -> assertThat(what).contains("may not publish table public.foreign_one")));
        runAsPrinted(List.of(daemon.view("public.of_foreign")
                .flatMap(ViewStatus::reason)
                .map(Obstacle::remedy)
                .orElseThrow()));
        await().until(() -> daemon.view("public.of_foreign")
                .filter(view -> view.watermark().isPresent())
                .isPresent());
    }

    private void runAsPrinted(List<Remedy> remedies) throws SQLException {
        for (Remedy remedy : remedies) {
            assertThat(remedy.sql()).isNotEmpty();
            execute(remedy.sql().toArray(String[]::new));
        }
    }

    private void awaitRows(String sql, String... expected) {
        await(sql).untilAsserted(() -> assertThat(query(sql)).containsExactly(expected));
    }

    private static String url(String database) {
        return Objects.requireNonNull(server).url(database);
    }

    private void execute(String... statements) throws SQLException {
        StrictServer.run(url(database), "", statements);
    }

    private List<String> query(String sql) throws SQLException {
        return StrictServer.ask(url(database), "", sql);
    }
}
