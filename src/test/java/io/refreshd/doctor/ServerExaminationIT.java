package io.refreshd.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.Checked;
import io.refreshd.testing.OwnServer;
import io.refreshd.testing.PgBouncer;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.ServerFolder;
import io.refreshd.testing.StrictServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server with awkward settings, and awkward ways to it. */
class ServerExaminationIT {
    private static LocalPostgres server;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() throws Exception {
        Path base = ServerFolder.create("awkward");
        server = OwnServer.start(
                base.toAbsolutePath(),
                Map.of(
                        "max_wal_senders", "1",
                        "track_counts", "off",
                        "synchronous_standby_names", "absent",
                        "synchronous_commit", "local"));
        StrictServer.run(
                server.url("postgres"),
                "",
                "CREATE TABLE main (id int PRIMARY KEY)",
                "CREATE MATERIALIZED VIEW good AS SELECT id FROM main",
                "CREATE UNIQUE INDEX ON good (id)");
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @Test
    void settingsThatAlterWhatRefreshdCanTell() throws Exception {
        assertThat(codes(check(server.url("postgres"), "idle")))
                .contains("track-counts", "synchronous")
                .doesNotContain("pooler", "not-examined");
    }

    /** Beside a daemon that runs nothing is lacking; for one more there is no sender. */
    @Test
    void theDaemonsOwnSenderIsNotInItsWay() throws Exception {
        String yaml = RunningDaemon.configuration(server.url("postgres"), "ours", "");
        try (RunningDaemon daemon = RunningDaemon.start(yaml)) {
            daemon.awaitFresh();
            assertThat(StrictServer.ask(server.url("postgres"), "", "SELECT count(*) FROM pg_stat_replication"))
                    .containsExactly("1");
            assertThat(Checked.of(yaml).what("error")).isEmpty();
            assertThat(check(server.url("postgres"), "another").what("error"))
                    .singleElement()
                    .asString()
                    .contains("all 1 WAL senders");
        }
    }

    /** At another address with the server's own port: ports would tell nothing. */
    @ParameterizedTest
    @ValueSource(strings = {"session", "transaction"})
    void aPoolerIsRecognisedAlsoOnTheServersOwnPort(String mode) throws Exception {
        try (PgBouncer pooler = PgBouncer.start(folder, "127.0.0.2", server.port(), server.port(), "postgres", mode)) {
            assertThat(codes(check(pooler.url(), "idle"))).contains("pooler").doesNotContain("not-examined");
        }
    }

    @Test
    void aPortThatIsPassedOnIsNoPooler() throws Exception {
        try (ServerSocket door = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> passOn(door));
            assertThat(codes(check("jdbc:postgresql://localhost:" + door.getLocalPort() + "/postgres", "idle")))
                    .contains("track-counts")
                    .doesNotContain("pooler");
        }
    }

    @Test
    void versionsThatWereNotTried() {
        assertThat(ServerExamination.version(14)).map(Finding::severity).hasValue(Severity.ERROR);
        assertThat(ServerExamination.version(15)).isEmpty();
        assertThat(ServerExamination.version(18)).isEmpty();
        assertThat(ServerExamination.version(19)).map(Finding::severity).hasValue(Severity.WARNING);
    }

    private static void passOn(ServerSocket door) {
        while (!door.isClosed()) {
            try {
                Socket client = door.accept();
                Socket there = new Socket(InetAddress.getLoopbackAddress(), server.port());
                Thread.ofVirtual().start(() -> copy(client, there));
                Thread.ofVirtual().start(() -> copy(there, client));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private static void copy(Socket from, Socket to) {
        try (from;
                to) {
            from.getInputStream().transferTo(to.getOutputStream());
        } catch (IOException closed) {
            // The other direction ended first.
        }
    }

    private static Checked check(String url, String slot) throws Exception {
        return Checked.of(RunningDaemon.configuration(url, slot, ""));
    }

    private static List<String> codes(Checked checked) {
        return checked.findings().stream()
                .map(finding -> finding.path("code").asText())
                .toList();
    }
}
