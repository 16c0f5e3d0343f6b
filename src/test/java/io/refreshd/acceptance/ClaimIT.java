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

/**
 * Watermarks after DDL, of which the write-ahead log shows nothing.
 *
 * <p>Invariant: a view equals its definition as of its watermark, also before the next poll of the catalog.
 */
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
                "CREATE FUNCTION letters(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT t'",
                "CREATE FUNCTION word(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT public.letters(t)'",
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
                "CREATE OR REPLACE FUNCTION letters(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper(t)'",
                // The refresh sees another definition than the reads of the catalog before and after the refresh.
                "CREATE OR REPLACE VIEW between AS SELECT id, upper(v) AS v FROM parts; REFRESH MATERIALIZED VIEW top;"
                        + " CREATE OR REPLACE VIEW between AS SELECT id, v FROM parts",
                "ALTER TABLE parts DETACH PARTITION part; REFRESH MATERIALIZED VIEW top;"
                        + " ALTER TABLE parts ATTACH PARTITION part FOR VALUES FROM (0) TO (10)"
            })
    void theWatermarkStaysTrueAfterDdl(String ddl) throws Exception {
        try (RunningDaemon daemon = running()) {
            awaitTrueWatermark();
            execute(ddl);
            awaitTrueWatermark();
        }
    }

    /** While a synchronous standby is away, committed DDL is in the log and stays invisible, for hours if need be. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "ALTER TABLE parts ATTACH PARTITION lone FOR VALUES FROM (10) TO (20)",
                "CREATE OR REPLACE VIEW between AS SELECT id, upper(v) AS v FROM parts"
            })
    void theWatermarkStaysBehindDdlThatIsNotVisibleYet(String ddl) throws Exception {
        try (RunningDaemon daemon = running();
                Connection connection = connect()) {
            awaitTrueWatermark();
            requireAbsentStandby(connection);
            CompletableFuture<Void> waiting =
                    CompletableFuture.runAsync(() -> run(connection, ddl), Thread.ofVirtual()::start);
            await().until(() -> query("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
                    .equals(List.of("1")));
            String committed = query("SELECT pg_current_wal_insert_lsn()").getFirst();
            execute("SET synchronous_commit = local; INSERT INTO other VALUES (7)");
            await().untilAsserted(() -> assertThat(query("TABLE of_other")).containsExactly("7"));
            // Two heartbeats are written to the ledger. Each could have moved the watermark past what was routed
            // before it.
            for (int i = 0; i < 2; i++) {
                String beat = query("SELECT beat_at FROM refreshd.stream").getFirst();
                await().until(() ->
                        !query("SELECT beat_at FROM refreshd.stream").equals(List.of(beat)));
            }
            assertThat(query("SELECT watermark < '" + committed + "' FROM refreshd.freshness WHERE view_name = 'top'"))
                    .containsExactly("t");
            requireNoStandby();
            waiting.join();
            awaitTrueWatermark();
        }
    }

    /**
     * A statement that only adds rows to the catalog shows itself by its locks. A membership decides which rows of {@code secured} the
     * owner sees; the other view, which reads no table with policies, claims on.
     */
    @Test
    void theWatermarkStaysBehindAMembershipThatIsNotVisibleYet() throws Exception {
        execute(
                "CREATE ROLE claim_owner",
                "CREATE ROLE claim_group",
                "GRANT CREATE ON SCHEMA public TO claim_owner",
                "CREATE TABLE secured (id int PRIMARY KEY)",
                "INSERT INTO secured VALUES (1)",
                "GRANT SELECT ON secured TO claim_owner",
                "ALTER TABLE secured ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY of_group ON secured TO claim_group USING (true)",
                "CREATE MATERIALIZED VIEW of_secured AS SELECT id FROM secured",
                "CREATE UNIQUE INDEX ON of_secured (id)",
                "ALTER MATERIALIZED VIEW of_secured OWNER TO claim_owner");
        try (RunningDaemon daemon = running();
                Connection connection = connect()) {
            awaitTrueWatermark();
            requireAbsentStandby(connection);
            CompletableFuture<Void> waiting = CompletableFuture.runAsync(
                    () -> run(connection, "GRANT claim_group TO claim_owner"), Thread.ofVirtual()::start);
            await().until(() -> query("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
                    .equals(List.of("1")));
            String committed = query("SELECT pg_current_wal_insert_lsn()").getFirst();
            execute("SET synchronous_commit = local; INSERT INTO secured VALUES (2)");
            await("the other view goes on").until(() -> claims("of_other", committed));
            assertThat(claims("of_secured", committed)).isFalse();
            assertThat(query("SELECT reason FROM refreshd.freshness WHERE view_name = 'of_secured'")
                            .getFirst())
                    .contains("memberships of roles");
            requireNoStandby();
            waiting.join();
            String later = query("SELECT pg_current_wal_insert_lsn()").getFirst();
            await("the view claims again").until(() -> {
                String seen = query("SELECT coalesce(watermark >= '" + later
                                + "', false) || ' ' || (SELECT count(*) FROM of_secured) FROM refreshd.freshness"
                                + " WHERE view_name = 'of_secured'")
                        .getFirst();
                if (seen.startsWith("true")) {
                    assertThat(seen).isEqualTo("true 2");
                }
                return seen.startsWith("true");
            });
        } finally {
            requireNoStandby();
            execute("DROP OWNED BY claim_owner, claim_group CASCADE", "DROP ROLE claim_owner, claim_group");
        }
    }

    private static boolean claims(String view, String position) throws SQLException {
        return query("SELECT coalesce(watermark >= '" + position
                        + "', false) FROM refreshd.freshness WHERE view_name = '" + view + "'")
                .equals(List.of("t"));
    }

    /** DDL on functions holds no lock, but the row that it replaces shows the transaction. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE OR REPLACE FUNCTION word(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper(t)'",
                "CREATE OR REPLACE FUNCTION letters(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper(t)'"
            })
    void aViewClaimsNothingWhileAFunctionThatItDependsOnIsReplacedInvisibly(String ddl) throws Exception {
        try (RunningDaemon daemon = running();
                Connection connection = connect()) {
            awaitTrueWatermark();
            requireAbsentStandby(connection);
            CompletableFuture<Void> waiting =
                    CompletableFuture.runAsync(() -> run(connection, ddl), Thread.ofVirtual()::start);
            await().until(() -> query("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
                    .equals(List.of("1")));
            String committed = query("SELECT pg_current_wal_insert_lsn()").getFirst();
            execute("SET synchronous_commit = local; INSERT INTO other VALUES (7)");
            await("the other view goes on")
                    .until(() -> query("SELECT coalesce(watermark > '" + committed
                                    + "', false) FROM refreshd.freshness WHERE view_name = 'of_other'")
                            .equals(List.of("t")));
            assertThat(query("SELECT coalesce(watermark >= '" + committed
                            + "', false) FROM refreshd.freshness WHERE view_name = 'top'"))
                    .containsExactly("f");
            requireNoStandby();
            waiting.join();
            awaitTrueWatermark();
        }
    }

    /** The insert is before the start of the slot, so no stream brings it, and the refresh after the gap cannot see it yet. */
    @Test
    void whatIsNotVisibleYetInFrontOfASlotThatWasMovedIsAwaited() throws Exception {
        try (RunningDaemon daemon = running()) {
            awaitTrueWatermark();
        }
        try (RunningDaemon daemon = RunningDaemon.prepare(configuration());
                Connection connection = connect()) {
            requireAbsentStandby(connection);
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
            requireNoStandby();
            waiting.join();
            await().untilAsserted(() -> assertThat(query("TABLE of_other")).containsExactly("8"));
            await().until(started::isDone);
            awaitTrueWatermark();
        }
    }

    /** A long lock on a table that no view reads must not hold up the watermarks. */
    @Test
    void whatNoViewReadsMayBeAlteredForLong() throws Exception {
        try (RunningDaemon daemon = running();
                Connection connection = connect();
                Statement statement = connection.createStatement()) {
            awaitTrueWatermark();
            connection.setAutoCommit(false);
            statement.execute("LOCK TABLE lone IN ACCESS EXCLUSIVE MODE");
            awaitTrueWatermark();
            connection.rollback();
        }
    }

    private static RunningDaemon running() throws Exception {
        return RunningDaemon.start(configuration());
    }

    private static String configuration() {
        return RunningDaemon.configuration(server.url("claim"), "claim", "")
                .replaceFirst("catalog-poll-interval: \\S+", "catalog-poll-interval: 30s");
    }

    private static void requireNoStandby() throws SQLException {
        StrictServer.run(
                server.url("postgres"), "", "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()");
    }

    /**
     * Waits until the watermark covers everything that has committed by now. In the same snapshot the view must equal its
     * definition.
     */
    private static void awaitTrueWatermark() throws Exception {
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

    private static void requireAbsentStandby(Connection connection) throws SQLException {
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
