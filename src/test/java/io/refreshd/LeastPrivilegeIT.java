package io.refreshd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.refreshd.config.Configuration;
import io.refreshd.config.ConfigurationReader;
import io.refreshd.model.Obstacle;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import io.refreshd.testing.PgCtl;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.StrictServer;
import io.refreshd.testing.TestDatabase;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A role that may nothing but log in; whatever refreshd says it lacks is run as it stands, until all is well. */
class LeastPrivilegeIT {
    private static final String ROLE = "Poor role";

    private UnaryOperator<String> url = name -> name;

    @BeforeEach
    void patience() {
        Awaitility.setDefaultTimeout(Duration.ofSeconds(30));
    }

    @Test
    void whatIsPrintedSufficesOn18() throws Exception {
        url = TestDatabase.server()::url;
        wholeDaemon();
        assertThat(query("SELECT has_table_privilege('Poor role', 'main', 'SELECT')"
                        + " OR has_schema_privilege('Poor role', 'public', 'CREATE')"
                        + " OR has_database_privilege('Poor role', 'poor', 'CREATE')"
                        + " OR pg_has_role('Poor role', 'app owner', 'MEMBER')"))
                .as("it may still neither read nor make anything")
                .containsExactly("f");
    }

    @Test
    void whatIsPrintedSufficesOn15(@TempDir Path folder) throws Exception {
        assumeTrue(PgCtl.isInstalled(15), "PostgreSQL 15 is not installed here: nothing was tested on it");
        PgCtl server = PgCtl.init(15, folder);
        int port = server.start();
        try {
            url = database -> "jdbc:postgresql://localhost:" + port + "/" + database;
            wholeDaemon();
        } finally {
            server.stop();
        }
    }

    private void wholeDaemon() throws Exception {
        StrictServer.run(
                url.apply("postgres"),
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
                        url.apply("poor"), "poor", "views: { include: ['*.*'], quiet-period: 50ms }")
                .replace("user: postgres", "user: " + ROLE);
        Configuration configuration = ConfigurationReader.read(yaml, "test.yaml", Map.of());
        assertThat(FirstStart.examine(configuration))
                .extracting(Obstacle::what)
                .anyMatch(what -> what.contains("may not read the log"))
                .anyMatch(what -> what.contains("ledger") && what.contains("publication"))
                .anyMatch(what -> what.contains("hidden.view"));

        DaemonStartException refused =
                catchThrowableOfType(DaemonStartException.class, () -> RunningDaemon.start(yaml));
        assertThat(refused.obstacles()).hasSize(2);
        runAsPrinted(refused.obstacles().stream().map(Obstacle::mend).toList());

        try (RunningDaemon daemon = RunningDaemon.start(yaml)) {
            List<String> mends = new ArrayList<>();
            for (String view : List.of("public.seen", "hidden.view")) {
                daemon.awaitPhase(view, ViewPhase.SUSPENDED);
                Obstacle reason = daemon.view(view).flatMap(ViewStatus::reason).orElseThrow();
                assertThat(reason.what()).contains(ROLE).contains(view).contains("app owner");
                mends.add(reason.mend());
            }
            // Not one by one: before 17 what mends the first view mends the second too.
            runAsPrinted(mends);
            daemon.awaitFresh();
            execute("INSERT INTO main VALUES (1, 'through')");
            for (String view : List.of("public.seen", "hidden.view")) {
                await(view)
                        .untilAsserted(
                                () -> assertThat(query("SELECT v FROM " + view)).containsExactly("through"));
            }
            assertThat(FirstStart.examine(configuration)).isEmpty();
            aTableThatItMayNotPublish(daemon);
        }
        execute("SELECT pg_drop_replication_slot('poor')");
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
                .map(Obstacle::mend)
                .orElseThrow()));
        await().until(() -> daemon.view("public.of_foreign")
                .filter(view -> view.watermark().isPresent())
                .isPresent());
    }

    private void runAsPrinted(List<String> statements) throws SQLException {
        for (String statement : statements) {
            for (String line : statement.lines().toList()) {
                execute(line);
            }
        }
    }

    private void execute(String... statements) throws SQLException {
        StrictServer.run(url.apply("poor"), "", statements);
    }

    private List<String> query(String sql) throws SQLException {
        return StrictServer.ask(url.apply("poor"), "", sql);
    }
}
