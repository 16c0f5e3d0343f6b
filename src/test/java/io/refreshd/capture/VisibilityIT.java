package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.demo.LocalPostgres;
import io.refreshd.model.Lsn;
import io.refreshd.model.Operation;
import io.refreshd.model.Xid;
import io.refreshd.testing.OwnServer;
import io.refreshd.testing.ServerFolder;
import io.refreshd.testing.TestTimeout;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Shows what is acknowledged while a commit waits for a synchronous standby: the commit is in the log, but nobody sees it yet. */
class VisibilityIT {

    @Test
    void acknowledgesOnlyWhatIsVisible() throws Exception {
        Path folder = ServerFolder.create("standby");
        try (LocalPostgres server = OwnServer.start(folder, Map.of())) {
            String url = server.url("postgres");
            try (Connection admin = connect(url);
                    Connection writer = connect(url);
                    RecordingHandler handler = new RecordingHandler(connect(url))) {
                execute(admin, "CREATE TABLE t (id int PRIMARY KEY)", "CREATE PUBLICATION p FOR TABLE ONLY t");
                Slot.create(admin, "s", TestTimeout.LIMIT);
                CaptureSettings settings =
                        new CaptureSettings(Server.of(url, LocalPostgres.USER, ""), "s", "p", Duration.ofMillis(50));
                try (PgoutputChangeSource run = new PgoutputChangeSource(settings, handler)) {
                    run.start();
                    await().until(() -> handler.routed().isPresent());
                    execute(admin, "ALTER SYSTEM SET synchronous_standby_names = 'absent'", "SELECT pg_reload_conf()");
                    await().until(() -> {
                        execute(writer, "SELECT 1");
                        return shown(writer).equals("absent");
                    });
                    CompletableFuture<Void> waiting =
                            CompletableFuture.runAsync(() -> insert(writer), Thread.ofVirtual()::start);

                    await().until(() -> handler.rows(Operation.INSERT) == 1);
                    Xid xid = handler.changes().getFirst().xids().stream()
                            .findFirst()
                            .orElseThrow();
                    assertThat(handler.snapshot().sees(xid)).isFalse();
                    await().until(() -> run.waitingFor().isPresent());
                    assertThat(run.waitingFor()).contains(xid);
                    Lsn held = handler.routed().orElseThrow();
                    int batches = handler.batches().size();
                    await().until(() -> handler.batches().size() >= batches + 5);
                    assertThat(handler.routed())
                            .as("heartbeats behind it are handed over, but not acknowledged")
                            .contains(held);
                    assertThat(Slot.inspect(admin, "s")
                                    .orElseThrow()
                                    .confirmed()
                                    .orElseThrow())
                            .isLessThanOrEqualTo(held);
                    assertThat(waiting).isNotDone();

                    execute(admin, "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()");
                    await().until(() -> run.waitingFor().isEmpty());
                    assertThat(handler.snapshot().sees(xid)).isTrue();
                    assertThat(waiting).succeedsWithin(TestTimeout.LIMIT);
                    await().until(() -> Slot.inspect(admin, "s")
                                    .orElseThrow()
                                    .confirmed()
                                    .orElseThrow()
                                    .compareTo(held)
                            > 0);
                }
            }
        }
    }

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, LocalPostgres.USER, "");
    }

    private static void insert(Connection writer) {
        try {
            execute(writer, "INSERT INTO t VALUES (1)");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String shown(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                var row = statement.executeQuery("SHOW synchronous_standby_names")) {
            row.next();
            return row.getString(1);
        }
    }

    private static void execute(Connection connection, String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }
}
