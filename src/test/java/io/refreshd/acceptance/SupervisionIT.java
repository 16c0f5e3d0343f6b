package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.demo.LocalPostgres;
import io.refreshd.report.Notice;
import io.refreshd.report.StreamPhase;
import io.refreshd.report.ViewPhase;
import io.refreshd.testing.OwnServer;
import io.refreshd.testing.PgCtl;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.ServerFolder;
import io.refreshd.testing.Signals;
import io.refreshd.testing.Slots;
import io.refreshd.testing.StrictServer;
import io.refreshd.testing.WalSegments;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.PGConnection;

/** The server is unusable for a while. The daemon keeps running, reports what it waits for, and recovers without help. */
class SupervisionIT {
    /** SQLSTATE of a server that has no connection left. */
    private static final String TOO_MANY = "53300";

    private static final int FAILURES_THAT_SUSPEND = 5;

    private static Path folder;
    private static LocalPostgres server;
    private static PgCtl control;

    @BeforeAll
    static void start() throws Exception {
        folder = ServerFolder.create("supervision");
        server = OwnServer.start(folder, Map.of("max_connections", "30"));
        // pg_ctl starts the server without the options of its first start.
        for (String setting : List.of(
                "wal_level = logical", "max_connections = 30", "max_wal_senders = 50", "max_replication_slots = 50")) {
            admin("ALTER SYSTEM SET " + setting);
        }
        admin("CREATE ROLE plain LOGIN REPLICATION");
        control = PgCtl.of(folder);
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @BeforeEach
    void schema() throws Exception {
        admin("CREATE DATABASE watched OWNER plain");
        as(
                "plain",
                "CREATE TABLE main (id int PRIMARY KEY, v text)",
                "INSERT INTO main VALUES (1, 'old')",
                "CREATE MATERIALIZED VIEW of_main AS SELECT id, v FROM main",
                "CREATE UNIQUE INDEX ON of_main (id)");
    }

    @AfterEach
    void drop() throws Exception {
        Slots.dropAll(server.url("postgres"));
        admin("DROP DATABASE watched WITH (FORCE)");
    }

    @ParameterizedTest
    @CsvSource({"postgres, too many clients", "plain, reserved for"})
    void outOfConnections(String user, String word) throws Exception {
        List<Connection> all = new ArrayList<>();
        try (RunningDaemon daemon = running(user)) {
            daemon.awaitFresh();
            try {
                await().until(() -> {
                    takeAllConnections(user, all);
                    return daemon.daemon().status().stream().detail().contains(word);
                });
            } finally {
                for (Connection connection : all) {
                    connection.close();
                }
            }
            // A session that is closed has its slot until the server has ended it.
            await().ignoreExceptionsMatching(
                            error -> error instanceof SQLException full && TOO_MANY.equals(full.getSQLState()))
                    .until(() -> {
                        as("plain", "SELECT");
                        return true;
                    });
            assertComesBack(daemon);
            assertThat(gaps(daemon)).isEmpty();
        }
    }

    @Test
    void downForAWhile() throws Exception {
        try (RunningDaemon daemon = running("plain")) {
            daemon.awaitFresh();
            control.stop();
            awaitDetail(daemon, "refused");
            control.start(server.port());
            assertComesBack(daemon);
            assertThat(gaps(daemon)).isEmpty();
        }
    }

    /** The server is on another timeline afterwards. A refresh fails in recovery, which must not suspend the view. */
    @Test
    void inRecovery() throws Exception {
        try (RunningDaemon daemon = running("plain");
                Connection holder = DriverManager.getConnection(server.url("watched"), "plain", "");
                var statement = holder.createStatement()) {
            daemon.awaitFresh();
            holder.setAutoCommit(false);
            // Conflicts with a refresh until the server stops: the view is still dirty then.
            statement.execute("COMMENT ON MATERIALIZED VIEW of_main IS 'held'");
            as("plain", "UPDATE main SET v = 'not yet'");
            await().until(() -> daemon.view("public.of_main").orElseThrow().phase() != ViewPhase.FRESH);
            control.stop();
            Files.createFile(folder.resolve("data").resolve("standby.signal"));
            control.start(server.port());
            awaitDetail(daemon, "in recovery");
            await().until(() -> daemon.notices().stream()
                            .filter(notice -> notice instanceof Notice.RefreshFailed failed
                                    && failed.failure().sqlState().equals("25006"))
                            .count()
                    > FAILURES_THAT_SUSPEND);
            assertThat(daemon.view("public.of_main").orElseThrow().phase()).isNotEqualTo(ViewPhase.SUSPENDED);
            admin("SELECT pg_promote()");
            assertComesBack(daemon);
            assertThat(gaps(daemon)).containsExactly("timeline");
        }
    }

    /** Another session reads the slot, so each attempt to stream fails. The status must not be "streaming". */
    @Test
    void itsSlotIsTaken() throws Exception {
        try (RunningDaemon daemon = running("plain", "views: { quiet-period: 50ms, untracked-max-staleness: 500ms }")) {
            daemon.awaitFresh();
            try (Connection thief = takeSlot()) {
                as("plain", "UPDATE main SET v = 'unseen'");
                await().until(() -> StrictServer.ask(server.url("watched"), "", "SELECT v FROM of_main")
                        .equals(List.of("unseen")));
                assertThat(daemon.view("public.of_main").orElseThrow().watermark())
                        .isEmpty();
                assertThat(daemon.daemon().status().stream().phase()).isEqualTo(StreamPhase.CONNECTING);
            }
            assertComesBack(daemon);
            assertThat(gaps(daemon)).isEmpty();
        }
    }

    /** No attempt to stream gets far enough to drop the slot, and the slot keeps more and more log. */
    @Test
    void nobodyCanConnectAndTheSlotGrows() throws Exception {
        try (RunningDaemon daemon = running(
                "plain", "  max-retained: 64MB\nviews: { quiet-period: 50ms, untracked-max-staleness: 500ms }")) {
            daemon.awaitFresh();
            try {
                // The limit does not end the connections that exist.
                admin("ALTER ROLE plain CONNECTION LIMIT 1");
                admin("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots");
                awaitDetail(daemon, "too many connections");
                StrictServer.run(server.url("watched"), "", "UPDATE main SET v = 'unseen'");
                StrictServer.run(server.url("watched"), "", WalSegments.statements(64));
                await().until(() -> StrictServer.ask(
                                server.url("postgres"), "", "SELECT count(*) FROM pg_replication_slots")
                        .equals(List.of("0")));
                await().until(() -> StrictServer.ask(server.url("watched"), "", "SELECT v FROM of_main")
                        .equals(List.of("unseen")));
            } finally {
                admin("ALTER ROLE plain CONNECTION LIMIT -1");
            }
            assertComesBack(daemon);
            assertThat(gaps(daemon)).containsExactly("slot-dropped");
        }
    }

    /** All processes of the server are stopped by SIGSTOP. The kernel accepts connections, and nobody answers. */
    @Test
    void hung() throws Exception {
        try (RunningDaemon daemon = running("plain")) {
            daemon.awaitFresh();
            long[] stopped = Stream.concat(Stream.of(postmaster()), postmaster().descendants())
                    .mapToLong(ProcessHandle::pid)
                    .toArray();
            try {
                Signals.send("STOP", stopped);
                await().until(() -> daemon.daemon().status().stream().phase() == StreamPhase.CONNECTING
                        && !daemon.daemon().status().stream().detail().isEmpty());
            } finally {
                Signals.send("CONT", stopped);
            }
            assertComesBack(daemon);
            assertThat(gaps(daemon)).isEmpty();
        }
    }

    private static Connection takeSlot() {
        return await().until(
                        () -> {
                            admin("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots"
                                    + " WHERE active_pid IS NOT NULL");
                            Connection thief = DriverManager.getConnection(
                                    server.url("watched")
                                            + "?replication=database&preferQueryMode=simple&assumeMinServerVersion=15"
                                            // This client does not send status updates.
                                            + "&options=-c%20wal_sender_timeout=0",
                                    "postgres",
                                    "");
                            try {
                                thief.unwrap(PGConnection.class)
                                        .getReplicationAPI()
                                        .replicationStream()
                                        .logical()
                                        .withSlotName("watched")
                                        .withSlotOption("proto_version", 1)
                                        .withSlotOption("publication_names", "refreshd")
                                        .start();
                                return thief;
                            } catch (SQLException theDaemonWasFaster) {
                                thief.close();
                                return null;
                            }
                        },
                        Objects::nonNull);
    }

    private static void takeAllConnections(String user, List<Connection> all) throws SQLException {
        try {
            while (true) {
                all.add(DriverManager.getConnection(server.url("postgres"), user, ""));
            }
        } catch (SQLException e) {
            assertThat(e.getSQLState()).isEqualTo(TOO_MANY);
        }
        // Frees the connections of the daemon. The next call takes them.
        try (var statement = all.getFirst().createStatement()) {
            statement.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    + " WHERE application_name LIKE 'refreshd%' AND datname = 'watched'");
        }
    }

    private static void assertComesBack(RunningDaemon daemon) throws Exception {
        as("plain", "UPDATE main SET v = 'came back'");
        await().ignoreExceptions()
                .until(() -> StrictServer.ask(server.url("watched"), "", "SELECT v FROM of_main")
                        .equals(List.of("came back")));
        await().until(() -> daemon.daemon().status().stream().phase() == StreamPhase.STREAMING);
        daemon.awaitFresh();
    }

    private static void awaitDetail(RunningDaemon daemon, String word) {
        await().until(() -> daemon.daemon().status().stream().detail().contains(word));
        assertThat(daemon.daemon().status().stream().phase()).isEqualTo(StreamPhase.CONNECTING);
    }

    private static List<String> gaps(RunningDaemon daemon) {
        return daemon.notices().stream()
                .flatMap(notice -> notice instanceof Notice.GapFound gap ? Stream.of(gap.reason()) : Stream.empty())
                .toList();
    }

    private static RunningDaemon running(String user) throws Exception {
        return running(user, "");
    }

    private static RunningDaemon running(String user, String more) throws Exception {
        return RunningDaemon.start(RunningDaemon.configuration(server.url("watched"), "watched", more)
                .replace("user: postgres", "user: " + user));
    }

    private static ProcessHandle postmaster() throws IOException {
        Path file = folder.resolve("data").resolve("postmaster.pid");
        return ProcessHandle.of(
                        Long.parseLong(Files.readAllLines(file).getFirst().strip()))
                .orElseThrow();
    }

    private static void as(String user, String... statements) throws SQLException {
        try (Connection connection = DriverManager.getConnection(server.url("watched"), user, "");
                var statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private static void admin(String sql) throws SQLException {
        StrictServer.run(server.url("postgres"), "", sql);
    }
}
