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

/** A server with unusual settings, reached directly, through a pooler and through a port mapping. */
class ServerCheckIT {
    private static LocalPostgres server;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() throws Exception {
        Path base = ServerFolder.create("unusual");
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
    void reportsSettingsThatLimitWhatRefreshdCanKnow() throws Exception {
        assertThat(codes(check(server.url("postgres"), "idle")))
                .contains("track-counts", "synchronous")
                .doesNotContain("pooler", "not-examined");
    }

    /** The running daemon occupies the only WAL sender: enough for itself, none left for a second daemon. */
    @Test
    void theDaemonsOwnSenderIsNoObstacle() throws Exception {
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

    /** The pooler listens on the server's own port at another address, so that comparing ports would not find it. */
    @ParameterizedTest
    @ValueSource(strings = {"session", "transaction"})
    void recognisesAPoolerOnTheServersOwnPort(String mode) throws Exception {
        try (PgBouncer pooler = PgBouncer.start(folder, "127.0.0.2", server.port(), server.port(), "postgres", mode)) {
            assertThat(codes(check(pooler.url(), "idle"))).contains("pooler").doesNotContain("not-examined");
        }
    }

    @Test
    void aForwardedPortIsNoPooler() throws Exception {
        try (ServerSocket proxy = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> forward(proxy));
            assertThat(codes(check("jdbc:postgresql://localhost:" + proxy.getLocalPort() + "/postgres", "idle")))
                    .contains("track-counts")
                    .doesNotContain("pooler");
        }
    }

    @Test
    void untestedVersionsAreReported() {
        assertThat(ServerCheck.version(14)).map(Finding::severity).hasValue(Severity.ERROR);
        assertThat(ServerCheck.version(15)).isEmpty();
        assertThat(ServerCheck.version(18)).isEmpty();
        assertThat(ServerCheck.version(19)).map(Finding::severity).hasValue(Severity.WARNING);
    }

    private static void forward(ServerSocket proxy) {
        while (!proxy.isClosed()) {
            try {
                Socket client = proxy.accept();
                Socket upstream = new Socket(InetAddress.getLoopbackAddress(), server.port());
                Thread.ofVirtual().start(() -> copy(client, upstream));
                Thread.ofVirtual().start(() -> copy(upstream, client));
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
