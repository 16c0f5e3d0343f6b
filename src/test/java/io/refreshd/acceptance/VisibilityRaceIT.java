package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.demo.LocalPostgres;
import io.refreshd.model.Lsn;
import io.refreshd.report.StreamPhase;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import io.refreshd.testing.OwnServer;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.ServerFolder;
import io.refreshd.testing.TestTimeout;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Commits that are in the log and not visible yet; while a synchronous standby is away, this lasts for hours.
 *
 * <p>Invariant: a refresh starts only when its snapshot sees the commit that caused the refresh. Otherwise the view would
 * lack that commit for good.
 */
class VisibilityRaceIT {
    private static LocalPostgres server;

    @BeforeAll
    static void start() throws Exception {
        Path folder = ServerFolder.create("race");
        server = OwnServer.start(folder, Map.of());
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @BeforeEach
    void schema() throws Exception {
        execute(
                "CREATE TABLE t (id int PRIMARY KEY)",
                "CREATE TABLE other (id int PRIMARY KEY)",
                "CREATE MATERIALIZED VIEW of_t AS SELECT id FROM t",
                "CREATE UNIQUE INDEX ON of_t (id)",
                "CREATE MATERIALIZED VIEW of_other AS SELECT id FROM other",
                "CREATE UNIQUE INDEX ON of_other (id)");
    }

    @AfterEach
    void restore() throws Exception {
        execute(
                "ALTER SYSTEM RESET synchronous_standby_names",
                "SELECT pg_reload_conf()",
                "DROP TABLE t, other CASCADE",
                "DROP SCHEMA refreshd CASCADE",
                "DROP PUBLICATION refreshd",
                "SELECT pg_drop_replication_slot('race')");
    }

    @Test
    void noRefreshRunsBeforeItCanSeeTheCommitThatCausedIt() throws Exception {
        try (RunningDaemon daemon = running();
                Connection writer = connect()) {
            requireAbsentStandby(writer);
            long before = daemon.refreshes("public.of_t");
            CompletableFuture<Void> waiting =
                    CompletableFuture.runAsync(() -> insert(writer), Thread.ofVirtual()::start);
            await().until(() -> daemon.daemon().status().stream().phase() == StreamPhase.HELD);
            assertThat(daemon.daemon().status().stream().detail()).contains("synchronous standby");
            daemon.awaitPhase("public.of_t", ViewPhase.DIRTY);
            // The commit that waits for the standby is in front of this position. What follows is behind it.
            Lsn behind = Lsn.parse(query("SELECT pg_current_wal_insert_lsn()").getFirst());

            // This commit does not wait for the standby, and is visible at once.
            execute("SET synchronous_commit = local; INSERT INTO other VALUES (7)");
            await().untilAsserted(() -> assertThat(query("TABLE of_other")).containsExactly("7"));
            daemon.awaitPhase("public.of_other", ViewPhase.FRESH);

            assertThat(waiting).as("the writer still waits").isNotDone();
            assertThat(query("SELECT * FROM t")).isEmpty();
            assertThat(daemon.refreshes("public.of_t")).isEqualTo(before);
            assertThat(daemon.daemon().status().stream().phase()).isEqualTo(StreamPhase.HELD);
            assertThat(acknowledged()).isLessThan(behind);
            assertThat(query("SELECT state FROM refreshd.freshness WHERE view_name = 'of_t'"))
                    .containsExactly("dirty");

            execute("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()");
            assertThat(waiting).succeedsWithin(TestTimeout.LIMIT);
            assertEqual(daemon, behind);
        }
    }

    /**
     * {@code refreshd apply} swaps views like this, and so does a migration. The new view must wait for what the old one
     * waited for.
     */
    @Test
    void aViewThatTakesTheNameOfAnotherWaitsForWhatIsNotVisibleYet() throws Exception {
        try (RunningDaemon daemon = running();
                Connection writer = connect()) {
            requireAbsentStandby(writer);
            CompletableFuture<Void> waiting =
                    CompletableFuture.runAsync(() -> insert(writer), Thread.ofVirtual()::start);
            await().until(() -> daemon.daemon().status().stream().phase() == StreamPhase.HELD);
            Lsn held = acknowledged();

            execute("CREATE MATERIALIZED VIEW next AS SELECT id FROM t", "CREATE UNIQUE INDEX ON next (id)");
            Instant swapped = Instant.now();
            execute("BEGIN; DROP MATERIALIZED VIEW of_t; ALTER MATERIALIZED VIEW next RENAME TO of_t; COMMIT");
            // The status is about the new view: it has not been refreshed, or only after the swap.
            await().until(() -> daemon.view("public.of_t")
                    .filter(view -> view.refreshedAt().stream().allMatch(swapped::isBefore))
                    .flatMap(ViewStatus::reason)
                    .filter(reason -> reason.what().contains("not visible yet"))
                    .isPresent());

            execute("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()");
            assertThat(waiting).succeedsWithin(TestTimeout.LIMIT);
            assertEqual(daemon, held);
        }
    }

    /** Cancelling the wait makes the commit visible although the standby does not have it. */
    @Test
    void aWriterThatIsCancelledMakesItsCommitVisible() throws Exception {
        try (RunningDaemon daemon = running();
                Connection writer = connect()) {
            requireAbsentStandby(writer);
            CompletableFuture<Void> waiting =
                    CompletableFuture.runAsync(() -> insert(writer), Thread.ofVirtual()::start);
            await().until(() -> daemon.daemon().status().stream().phase() == StreamPhase.HELD);
            Lsn held = acknowledged();
            query("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
            assertThat(waiting).succeedsWithin(TestTimeout.LIMIT);
            assertEqual(daemon, held);
        }
    }

    /** Commits of refreshd must not wait for the standby: the daemon would stand still, and the slot with it. */
    @Test
    void aDaemonThatStartsWhileTheStandbyIsAwayDoesNotHang() throws Exception {
        try (Connection writer = connect()) {
            requireAbsentStandby(writer);
            try (RunningDaemon daemon = running()) {
                execute("SET synchronous_commit = local; INSERT INTO other VALUES (8)");
                await().untilAsserted(() -> assertThat(query("TABLE of_other")).containsExactly("8"));
                daemon.awaitFresh();
            }
        }
    }

    private void assertEqual(RunningDaemon daemon, Lsn held) {
        await().untilAsserted(() -> assertThat(query("TABLE of_t")).containsExactly("1"));
        daemon.awaitFresh();
        await().untilAsserted(() -> assertThat(acknowledged()).isGreaterThan(held));
        await().until(() -> daemon.daemon().status().stream().phase() == StreamPhase.STREAMING);
    }

    private static RunningDaemon running() throws Exception {
        RunningDaemon daemon = RunningDaemon.start(RunningDaemon.configuration(server.url("postgres"), "race", ""));
        daemon.awaitFresh();
        return daemon;
    }

    private static void requireAbsentStandby(Connection writer) throws SQLException {
        execute("ALTER SYSTEM SET synchronous_standby_names = 'absent'", "SELECT pg_reload_conf()");
        await().until(() -> query(writer, "SHOW synchronous_standby_names").equals(List.of("absent")));
    }

    private static void insert(Connection writer) {
        try (Statement statement = writer.createStatement()) {
            statement.execute("INSERT INTO t VALUES (1)");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Lsn acknowledged() throws SQLException {
        return Lsn.parse(query("SELECT acknowledged FROM refreshd.stream").getFirst());
    }

    private static Connection connect() throws SQLException {
        return DriverManager.getConnection(server.url("postgres"), LocalPostgres.USER, "");
    }

    /** Each commit without a wait for the standby. */
    private static void execute(String... statements) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute("SET synchronous_commit = local");
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private static List<String> query(String sql) throws SQLException {
        try (Connection connection = connect()) {
            return query(connection, sql);
        }
    }

    private static List<String> query(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String> result = new ArrayList<>();
            while (rows.next()) {
                result.add(rows.getString(1));
            }
            return result;
        }
    }
}
