package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.demo.FreePort;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.Checked;
import io.refreshd.testing.DaemonProcess;
import io.refreshd.testing.OwnServer;
import io.refreshd.testing.PgCtl;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.ServerFolder;
import io.refreshd.testing.Slots;
import io.refreshd.testing.StrictServer;
import io.refreshd.testing.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The messages of refreshd about databases that it cannot use. */
class BadDatabaseIT {
    private static final String WRONG = "wr0ng-and-%24ecret";

    @TempDir
    private Path folder;

    @Test
    void checkSaysAtOnceWhyItCannotConnect() throws Exception {
        StrictServer server = StrictServer.shared();
        record Case(String url, String password, String says) {}
        String here = server.url("postgres");
        for (Case bad : List.of(
                new Case("jdbc:postgresql://no-such-host.invalid/app", "x", "no-such-host.invalid"),
                new Case("jdbc:postgresql://localhost:1/app", "x", "localhost:1 refused"),
                new Case(here, WRONG, "password authentication failed for user \"postgres\""),
                new Case(server.url("absent"), StrictServer.PASSWORD, "database \"absent\" does not exist"))) {
            Checked answer = check(bad.url(), bad.password());
            assertThat(answer.code()).as(answer.err()).isEqualTo(ExitCode.UNREACHABLE.code());
            assertThat(answer.err())
                    .startsWith("refreshd: the database cannot be reached: ")
                    .contains(bad.says())
                    .doesNotContain(WRONG, StrictServer.PASSWORD)
                    .hasLineCount(1);
        }
    }

    @Test
    void runWaitsForTheRightPasswordAndShowsItNowhere() throws Exception {
        StrictServer server = StrictServer.shared();
        server.execute(
                "postgres", "CREATE ROLE late LOGIN REPLICATION PASSWORD 'another'", "CREATE DATABASE late OWNER late");
        int port = FreePort.find();
        Path configuration = DaemonProcess.write(
                folder,
                RunningDaemon.configuration(server.url("late"), "late", "")
                        .replace("user: postgres", "user: late\n  password: ${PASSWORD}")
                        .replace("127.0.0.1:0", "127.0.0.1:" + port));
        Path logging = Files.writeString(folder.resolve("all.xml"), """
                <configuration><appender name="e" class="ch.qos.logback.core.ConsoleAppender"><target>System.err</target>
                <encoder><pattern>%level %logger{0} %msg %kvp%n%ex</pattern></encoder></appender>
                <root level="DEBUG"><appender-ref ref="e"/></root></configuration>
                """);
        long began = System.nanoTime();
        try (DaemonProcess daemon = DaemonProcess.of(configuration)
                .environment(Map.of("PASSWORD", WRONG))
                .logback(logging.toString())
                .start()) {
            daemon.awaitLine("reason=\"FATAL: password authentication failed for user \"late\"");
            await().untilAsserted(() -> assertThat(DaemonProcess.get(port, "/status"))
                    .contains("password authentication failed")
                    .doesNotContain(WRONG));
            // What does not change is logged once a minute.
            long minutes = Duration.ofNanos(System.nanoTime() - began).toMinutes();
            assertThat(daemon.count("Not streaming; trying again")).isBetween(1L, 1 + minutes);

            server.execute("postgres", "ALTER ROLE late PASSWORD '" + WRONG + "'");
            daemon.awaitLine("Streaming again");
            await().until(() -> DaemonProcess.get(port, "/readyz").contains("ok")
                    || DaemonProcess.get(port, "/status").toLowerCase().contains("\"streaming\""));
            for (String path : List.of("/status", "/metrics", "/", "/readyz", "/livez")) {
                assertThat(DaemonProcess.get(port, path)).isNotEmpty().doesNotContain(WRONG);
            }
            assertThat(daemon.terminate()).isZero();
            assertThat(daemon.lines()).noneMatch(line -> line.contains(WRONG));
        }
        Slots.drop(server.url("late"), StrictServer.PASSWORD, "late");
    }

    @Test
    void runWaitsForADatabaseThatIsNotThereYet() throws Exception {
        try (DaemonProcess daemon = start(TestDatabase.server().url("not_yet"), "postgres", "not_yet")) {
            // Quotes in a value are escaped in the log.
            daemon.awaitLine("database \\\"not_yet\\\" does not exist");
            StrictServer.run(TestDatabase.server().url("postgres"), "", "CREATE DATABASE not_yet");
            daemon.awaitLine("Streaming again");
            assertThat(daemon.count("trying again")).isEqualTo(1);
            assertThat(daemon.terminate()).isZero();
        }
        Slots.drop(TestDatabase.server().url("not_yet"), "not_yet");
    }

    @Test
    void runEndsWithTheSqlForADba() throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            String role = "nobody_" + database.name();
            database.execute("CREATE ROLE " + role + " LOGIN");
            try (DaemonProcess daemon = start(database.url(), role, database.slot())) {
                assertThat(daemon.awaitExit()).isEqualTo(ExitCode.NOT_READY.code());
                await().untilAsserted(() -> assertThat(daemon.lines())
                        .contains(
                                "refreshd: the database is not ready:",
                                "    CREATE SCHEMA refreshd AUTHORIZATION \"" + role + "\";",
                                "    ALTER PUBLICATION \"refreshd\" OWNER TO \"" + role + "\";",
                                "    SELECT pg_create_logical_replication_slot('" + database.slot()
                                        + "', 'pgoutput', false, false, true);")
                        .anyMatch(line -> line.startsWith("    ALTER ROLE \"" + role + "\" REPLICATION;"))
                        .noneMatch(line -> line.startsWith("\tat ")));
            }
        }
    }

    @Test
    void theRemediesMakeAServerDecode() throws Exception {
        Path base = ServerFolder.create("replica");
        Map<String, String> settings = Map.of(
                "wal_level", "replica",
                "max_replication_slots", "1",
                "max_wal_senders", "10",
                "output_plugin_libraries", "test_decoding");
        try (LocalPostgres server = OwnServer.start(base, settings)) {
            String url = server.url("postgres");
            StrictServer.run(url, "", "SELECT pg_create_physical_replication_slot('taken')");
            Checked answer = check(url, "");
            assertThat(answer.code()).isEqualTo(ExitCode.NOT_READY.code());
            assertThat(String.join("\n", answer.what("error")))
                    .contains("wal_level is replica")
                    .contains("output_plugin_libraries is 'test_decoding'")
                    .contains("all 1 replication slots");
            StrictServer.run(
                    url,
                    "",
                    answer.remedies("error").stream()
                            .flatMap(remedy -> remedy.sql().stream())
                            .toArray(String[]::new));
            PgCtl.of(base).restart(server.port());
            assertThat(check(url, "").what("error")).isEmpty();
            try (RunningDaemon daemon = RunningDaemon.start(RunningDaemon.configuration(url, "decoding", ""))) {
                assertThat(daemon.daemon().status().stream().detail()).isEmpty();
            }
        }
    }

    private DaemonProcess start(String url, String user, String slot) throws Exception {
        String yaml = RunningDaemon.configuration(url, slot, "").replace("user: postgres", "user: " + user);
        return DaemonProcess.of(DaemonProcess.write(folder, yaml)).start();
    }

    private static Checked check(String url, String password) throws Exception {
        return Checked.of(RunningDaemon.configuration(url, "checked", "")
                .replace("user: postgres", "user: postgres\n  password: '" + password + "'"));
    }
}
