package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.Terminal;
import io.refreshd.testing.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Output that is printed only to a terminal: colours and progress. */
class TerminalIT {
    private static final String ESCAPE = "\u001b[";

    @TempDir
    private Path folder;

    private TestDatabase database;
    private String config = "";

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, v text)",
                "CREATE TABLE gate (id int)",
                // A refresh waits in this function for as long as a test locks the table gate.
                "CREATE FUNCTION slow(int) RETURNS int LANGUAGE plpgsql STABLE SET search_path = public AS"
                        + " 'BEGIN PERFORM id FROM gate; RETURN $1; END'",
                "CREATE MATERIALIZED VIEW first AS SELECT slow(0) AS id",
                "CREATE UNIQUE INDEX ON first (id)");
        config = Files.writeString(
                        folder.resolve("refreshd.yaml"),
                        RunningDaemon.configuration(database.url(), database.slot(), """
                                role-views:
                                  templates:
                                    public.by_{role}:
                                      query: SELECT slow(1) AS id WHERE {role} <> ''
                                      unique-key: [id]
                                      roles-query: SELECT 'a'
                                """))
                .toString();
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @Test
    void coloursAreForATerminal() throws Exception {
        database.execute("CREATE MATERIALIZED VIEW plain AS SELECT id FROM main", "CREATE UNIQUE INDEX ON plain (id)");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            FreshnessWait.await("plain", database::query);
            try (Terminal terminal = Terminal.run("status", "--config", config);
                    Terminal pipe = Terminal.pipe("status", "--config", config)) {
                assertThat(terminal.exit()).isZero();
                assertThat(terminal.text()).contains(ESCAPE + "32mfresh", ESCAPE + "33muntracked");
                assertThat(pipe.exit()).isZero();
                assertThat(pipe.text()).contains("fresh", "untracked").doesNotContain(ESCAPE);
            }
        }
    }

    @Test
    void aLongRefreshIsSeenWhileItRuns() throws Exception {
        // The gate is a lock too, and held for longer than a refresh waits for one by default.
        try (RunningDaemon daemon = RunningDaemon.start(database, "refresh: { lock-timeout: 10m }");
                Connection gate = database.connect();
                Statement statement = gate.createStatement()) {
            daemon.awaitFresh();
            gate.setAutoCommit(false);
            statement.execute("LOCK TABLE gate");
            try (Terminal refresh = Terminal.run("refresh", "--config", config, "public.first")) {
                refresh.await("0 of 1 done; public.first refreshing for ");
                assertThat(daemon.view("public.first").orElseThrow().refreshingSince())
                        .isPresent();
                try (Terminal status = Terminal.pipe("status", "--config", config, "--json")) {
                    assertThat(status.exit()).isZero();
                    assertThat(new ObjectMapper()
                                    .readTree(status.text())
                                    .at("/views/0/refreshingSeconds")
                                    .asDouble())
                            .isPositive();
                }
                gate.rollback();
                assertThat(refresh.exit()).isZero();
                assertThat(refresh.text()).endsWith("\r" + ESCAPE + "Kpublic.first: refreshed\r\n");
            }
            daemon.awaitFresh();
            assertThat(daemon.view("public.first").orElseThrow().refreshingSince())
                    .isEmpty();
        }
    }

    @Test
    void applySaysHowLongAStepHasTaken() throws Exception {
        try (Connection gate = database.connect();
                Statement statement = gate.createStatement()) {
            gate.setAutoCommit(false);
            statement.execute("LOCK TABLE gate");
            try (Terminal apply = Terminal.run("apply", "--config", config)) {
                await("a step that is followed")
                        .untilAsserted(() -> assertThat(apply.text())
                                .containsPattern("\\[1/1\\] create public\\.by_a \\S+ [1-9]\\S* s"));
                gate.rollback();
                assertThat(apply.exit()).isZero();
                assertThat(apply.text()).containsPattern("\r\u001b\\[K\\[1/1\\] create public\\.by_a \\S+ done, ");
            }
        }
    }

    @Test
    void watchingGoesOnWhenTheDatabaseIsAway() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
        }
        try (Terminal watch = Terminal.pipe("status", "--config", config, "--json", "--watch", "200ms")) {
            watch.await("\"views\"");
            database.execute("ALTER SCHEMA refreshd RENAME TO elsewhere");
            watch.await("\"error\":\"unknown at the moment: the database is not ready:");
            database.execute("ALTER SCHEMA elsewhere RENAME TO refreshd");
            int printed = watch.text().length();
            await("it is known again")
                    .until(() -> watch.text().substring(printed).contains("\"views\""));
        }
    }
}
