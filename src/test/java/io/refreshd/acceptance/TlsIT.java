package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.config.ConfigurationReader;
import io.refreshd.daemon.Daemon;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.testing.Checked;
import io.refreshd.testing.DaemonProcess;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.StrictServer;
import io.refreshd.testing.TestTimeout;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code sslmode=verify-full} on every connection, including the ones of Debezium. */
class TlsIT {
    @TempDir
    private Path folder;

    private StrictServer server;

    @BeforeEach
    void database() throws Exception {
        server = StrictServer.shared();
        server.execute("postgres", "CREATE DATABASE tls");
        server.execute(
                "tls",
                "CREATE TABLE main (id int PRIMARY KEY)",
                "CREATE MATERIALIZED VIEW ids AS SELECT id FROM main",
                "CREATE UNIQUE INDEX ON ids (id)");
    }

    @AfterEach
    void drop() throws Exception {
        server.execute(
                "tls",
                "SELECT pg_terminate_backend(active_pid, " + TestTimeout.LIMIT.toMillis()
                        + ") FROM pg_replication_slots WHERE active",
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
        server.execute("postgres", "DROP DATABASE tls WITH (FORCE)");
    }

    /** As a process, since that has no more of Java than the image has. */
    @Test
    void everyConnectionIsEncryptedAndTheServerIsVerified() throws Exception {
        Path configuration = DaemonProcess.write(folder, configuration(server.authority()));
        try (DaemonProcess daemon = DaemonProcess.of(configuration).start()) {
            await("it streams")
                    .failFast(() -> assertThat(daemon.isAlive())
                            .as("%s", daemon.lines())
                            .isTrue())
                    .until(() -> connections().contains("walsender true"));
            server.execute("tls", "INSERT INTO main VALUES (1)");
            await().untilAsserted(
                            () -> assertThat(server.query("tls", "TABLE ids")).containsExactly("1"));
            assertThat(connections()).containsExactly("client backend true", "walsender true");
        }
    }

    private List<String> connections() throws SQLException {
        return server.query("tls", """
                SELECT DISTINCT a.backend_type || ' ' || s.ssl
                FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)
                WHERE a.pid <> pg_backend_pid() AND a.datname = 'tls' ORDER BY 1
                """);
    }

    @Test
    void aServerThatAnotherAuthorityVouchesForIsRefused() throws Exception {
        String yaml = configuration(server.otherAuthority());
        var configuration = ConfigurationReader.read(yaml, "test.yaml", Map.of());
        assertThat(Checked.of(yaml))
                .satisfies(refused -> assertThat(refused.code()).isEqualTo(4))
                .satisfies(refused -> assertThat(refused.err()).contains("SSL error"));

        try (Daemon daemon = new Daemon(configuration)) {
            Thread.ofVirtual().start(() -> {
                try {
                    daemon.start();
                } catch (PrerequisitesMissingException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            await().untilAsserted(() -> assertThat(daemon.status().stream().detail())
                    .contains("SSL error")
                    .contains("certif")
                    .doesNotContain("\n"));
        }
    }

    private String configuration(Path authority) {
        return RunningDaemon.configuration(
                        server.url("tls") + "?sslmode=verify-full&sslrootcert=" + authority, "tls", "")
                .replace("user: postgres", "user: postgres\n  password: " + StrictServer.PASSWORD);
    }
}
