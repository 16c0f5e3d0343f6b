package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.OwnServer;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.ServerFolder;
import io.refreshd.testing.Slots;
import io.refreshd.testing.StrictServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The log tells nothing of DDL; what is claimed must hold all the same, long before anybody polls the catalog. */
class ClaimIT {
    private static LocalPostgres server;

    @BeforeAll
    static void start() throws Exception {
        Path folder = ServerFolder.create("claim");
        server = OwnServer.start(folder, Map.of());
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @BeforeEach
    void schema() throws Exception {
        StrictServer.run(server.url("postgres"), "", "CREATE DATABASE claim");
        execute(
                "CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id)",
                "CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (10)",
                "CREATE TABLE lone (id int PRIMARY KEY, v text)",
                "INSERT INTO parts VALUES (1, 'one')",
                "INSERT INTO lone VALUES (11, 'eleven')",
                "CREATE FUNCTION word(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT t'",
                "CREATE VIEW between AS SELECT id, v FROM parts",
                "CREATE MATERIALIZED VIEW top AS SELECT id, public.word(v) AS v FROM between",
                "CREATE UNIQUE INDEX ON top (id)",
                "CREATE TABLE other (id int PRIMARY KEY)",
                "CREATE MATERIALIZED VIEW of_other AS SELECT id FROM other",
                "CREATE UNIQUE INDEX ON of_other (id)");
    }

    @AfterEach
    void drop() throws Exception {
        StrictServer.run(
                server.url("postgres"), "", "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()");
        Slots.dropAll(server.url("postgres"));
        StrictServer.run(server.url("postgres"), "", "DROP DATABASE claim WITH (FORCE)");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ALTER TABLE parts ATTACH PARTITION lone FOR VALUES FROM (10) TO (20)",
                "ALTER TABLE parts DETACH PARTITION part",
                "BEGIN; CREATE TABLE more PARTITION OF parts FOR VALUES FROM (20) TO (30);"
                        + " INSERT INTO parts VALUES (21, 'x'); COMMIT",
                "CREATE OR REPLACE VIEW between AS SELECT id, upper(v) AS v FROM parts",
                "CREATE OR REPLACE FUNCTION word(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper(t)'",
                // The refresh sees another definition than the looks at the catalog before and after it.
                "CREATE OR REPLACE VIEW between AS SELECT id, upper(v) AS v FROM parts; REFRESH MATERIALIZED VIEW top;"
                        + " CREATE OR REPLACE VIEW between AS SELECT id, v FROM parts",
                "ALTER TABLE parts DETACH PARTITION part; REFRESH MATERIALIZED VIEW top;"
                        + " ALTER TABLE parts ATTACH PARTITION part FOR VALUES FROM (0) TO (10)"
            })
    void nothingIsClaimedOfAViewThatDdlHasMadeStale(String ddl) throws Exception {
        try (RunningDaemon daemon = running()) {
            awaitHonestClaim();
            execute(ddl);
            awaitHonestClaim();
        }
    }

    /** With a synchronous standby away, DDL stands in the log for hours before anybody sees it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "ALTER TABLE parts ATTACH PARTITION lone FOR VALUES FROM (10) TO (20)",
                "CREATE OR REPLACE VIEW between AS SELECT id, upper(v) AS v FROM parts"
            })
    void nothingIsClaimedBeyondDdlThatIsNotVisibleYet(String ddl) throws Exception {
        try (RunningDaemon daemon = running();
                Connection connection = connect()) {
            awaitHonestClaim();
            loseTheStandby(connection);
            CompletableFuture<Void> waiting =
                    CompletableFuture.runAsync(() -> run(connection, ddl), Thread.ofVirtual()::start);
            await().until(() -> query("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
                    .equals(List.of("1")));
            String committed = query("SELECT pg_current_wal_insert_lsn()").getFirst();
            execute("SET synchronous_commit = local; INSERT INTO other VALUES (7)");
            await().untilAsserted(() -> assertThat(query("TABLE of_other")).containsExactly("7"));
            // Two words of the ledger about itself: each could have claimed what was routed before it.
            for (int i = 0; i < 2; i++) {
                String beat = query("SELECT beat_at FROM refreshd.stream").getFirst();
                await().until(() ->
                        !query("SELECT beat_at FROM refreshd.stream").equals(List.of(beat)));
            }
            assertThat(query("SELECT watermark < '" + committed + "' FROM refreshd.freshness WHERE view_name = 'top'"))
                    .containsExactly("t");
            findTheStandby();
            waiting.join();
            awaitHonestClaim();
        }
    }

    /** It will come by no stream, and the refresh that makes the gap good does not see it yet. */
    @Test
    void whatIsNotVisibleYetInFrontOfASlotThatWasMovedIsAwaited() throws Exception {
        try (RunningDaemon daemon = running()) {
            awaitHonestClaim();
        }
        try (RunningDaemon daemon = RunningDaemon.prepare(configuration());
                Connection connection = connect()) {
            loseTheStandby(connection);
            CompletableFuture<Void> waiting = CompletableFuture.runAsync(
                    () -> run(connection, "INSERT INTO other VALUES (8)"), Thread.ofVirtual()::start);
            await().until(() -> query("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
                    .equals(List.of("1")));
            execute(
                    "SET synchronous_commit = local; SELECT pg_replication_slot_advance('claim', pg_current_wal_lsn())");
            CompletableFuture<Void> started = CompletableFuture.runAsync(daemon::begin, Thread.ofVirtual()::start);
            await().until(() -> started.isDone()
                    || daemon.daemon().status().stream().detail().contains("not seen to have ended"));
            assertThat(query("TABLE of_other")).isEmpty();
            findTheStandby();
            waiting.join();
            await().untilAsserted(() -> assertThat(query("TABLE of_other")).containsExactly("8"));
            await().until(started::isDone);
            awaitHonestClaim();
        }
    }

    /** A table that is locked for long by somebody who alters nothing we read must not hold up the claims. */
    @Test
    void whatNoViewReadsMayBeAlteredForLong() throws Exception {
        try (RunningDaemon daemon = running();
                Connection connection = connect();
                Statement statement = connection.createStatement()) {
            awaitHonestClaim();
            connection.setAutoCommit(false);
            statement.execute("LOCK TABLE lone IN ACCESS EXCLUSIVE MODE");
            awaitHonestClaim();
            connection.rollback();
        }
    }

    private static RunningDaemon running() throws Exception {
        return RunningDaemon.start(configuration());
    }

    private static String configuration() {
        return RunningDaemon.configuration(server.url("claim"), "claim", "")
                .replace("catalog-poll-interval: 200ms", "catalog-poll-interval: 30s");
    }

    private static void findTheStandby() throws SQLException {
        StrictServer.run(
                server.url("postgres"), "", "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()");
    }

    /** Until the view is claimed to hold all that was committed by now; in the same snapshot it has to. */
    private static void awaitHonestClaim() throws Exception {
        String now = query("SELECT pg_current_wal_insert_lsn()").getFirst();
        await().until(() -> {
            String seen = query("SELECT coalesce((SELECT watermark >= '" + now
                            + "' FROM refreshd.freshness WHERE view_name = 'top'), false) || ' ' || (SELECT count(*) FROM ("
                            + "(TABLE top EXCEPT ALL SELECT id, word(v) FROM between) UNION ALL"
                            + " (SELECT id, word(v) FROM between EXCEPT ALL TABLE top)) d)")
                    .getFirst();
            if (seen.startsWith("true")) {
                assertThat(seen).isEqualTo("true 0");
            }
            return seen.startsWith("true");
        });
    }

    private static void loseTheStandby(Connection connection) throws SQLException {
        execute("ALTER SYSTEM SET synchronous_standby_names = 'absent'", "SELECT pg_reload_conf()");
        try (Statement statement = connection.createStatement()) {
            await().until(() -> {
                var row = statement.executeQuery("SHOW synchronous_standby_names");
                return row.next() && row.getString(1).equals("absent");
            });
        }
    }

    private static void run(Connection connection, String sql) {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Connection connect() throws SQLException {
        return DriverManager.getConnection(server.url("claim"), LocalPostgres.USER, "");
    }

    private static void execute(String... statements) throws SQLException {
        StrictServer.run(server.url("claim"), "", statements);
    }

    private static List<String> query(String sql) throws SQLException {
        return StrictServer.ask(server.url("claim"), "", sql);
    }
}
