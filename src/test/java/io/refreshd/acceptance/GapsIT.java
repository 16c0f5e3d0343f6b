package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.demo.LocalPostgres;
import io.refreshd.report.Notice;
import io.refreshd.report.StreamPhase;
import io.refreshd.report.StreamStatus;
import io.refreshd.testing.OwnServer;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.ServerFolder;
import io.refreshd.testing.Slots;
import io.refreshd.testing.StrictServer;
import io.refreshd.testing.VersionedServer;
import io.refreshd.testing.WalSegments;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Gaps: slot or publication are dropped or altered. Each gap is counted by its reason and costs each view one refresh. */
class GapsIT {
    private static final String ALL = "ALL TABLES";
    private static final String SCHEMA = "TABLES IN SCHEMA public";
    private static final String TABLE = "TABLE main";

    private static LocalPostgres server;

    private UnaryOperator<String> url = database -> server.url(database);

    @BeforeAll
    static void start() throws Exception {
        Path folder = ServerFolder.create("gaps");
        server = OwnServer.start(folder, Map.of("max_wal_size", "64MB"));
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @AfterEach
    void drop() throws Exception {
        if (url.apply("postgres").equals(server.url("postgres"))) {
            Slots.dropAll(url.apply("postgres"));
            admin("DROP DATABASE gaps WITH (FORCE)");
        }
    }

    private void schema() throws Exception {
        admin("CREATE DATABASE gaps");
        execute(
                "CREATE TABLE main (id int PRIMARY KEY, v text)",
                "INSERT INTO main VALUES (1, 'old')",
                "CREATE MATERIALIZED VIEW of_main AS SELECT id, v FROM main",
                "CREATE UNIQUE INDEX ON of_main (id)");
    }

    @ParameterizedTest
    @ValueSource(strings = {ALL, SCHEMA, TABLE})
    void aPublicationThatWasReplacedWhileNobodyLooked(String what) throws Exception {
        schema();
        execute("CREATE PUBLICATION refreshd FOR " + what);
        try (RunningDaemon daemon = running()) {
            awaitWatermark();
        }
        execute("DROP PUBLICATION refreshd", "UPDATE main SET v = 'unseen'", "CREATE PUBLICATION refreshd FOR " + what);
        try (RunningDaemon daemon = running()) {
            awaitContent("unseen");
            awaitWatermark();
            assertOneGap(daemon, "publication-replaced");
            // The content may be seen before the notice of its refresh comes.
            await().until(() -> daemon.refreshes("public.of_main") > 0);
            assertThat(daemon.refreshes("public.of_main")).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {ALL, SCHEMA, TABLE})
    void aPublicationThatToldLessForAMoment(String what) throws Exception {
        schema();
        execute("CREATE PUBLICATION refreshd FOR " + what);
        try (RunningDaemon daemon = running()) {
            awaitWatermark();
        }
        execute(
                "ALTER PUBLICATION refreshd SET (publish = 'insert')",
                "UPDATE main SET v = 'unseen'",
                "ALTER PUBLICATION refreshd SET (publish = 'insert, update, delete, truncate')");
        try (RunningDaemon daemon = running()) {
            awaitContent("unseen");
            awaitWatermark();
            assertOneGap(daemon, "publication-altered");
            // The content may be seen before the notice of its refresh comes.
            await().until(() -> daemon.refreshes("public.of_main") > 0);
            assertThat(daemon.refreshes("public.of_main")).isEqualTo(1);
        }
    }

    @Test
    void aTableThatLeftAndCameBack() throws Exception {
        schema();
        try (RunningDaemon daemon = running()) {
            awaitWatermark();
        }
        execute(
                "ALTER PUBLICATION refreshd DROP TABLE main",
                "UPDATE main SET v = 'unseen'",
                "ALTER PUBLICATION refreshd ADD TABLE main");
        try (RunningDaemon daemon = running()) {
            awaitContent("unseen");
            awaitWatermark();
            assertOneGap(daemon, "table-republished");
            // The content may be seen before the notice of its refresh comes.
            await().until(() -> daemon.refreshes("public.of_main") > 0);
            assertThat(daemon.refreshes("public.of_main")).isEqualTo(1);
        }
    }

    @Test
    void aTableThatLeftItsSchemaAndCameBack() throws Exception {
        schema();
        execute("CREATE PUBLICATION refreshd FOR " + SCHEMA, "CREATE SCHEMA elsewhere");
        try (RunningDaemon daemon = running()) {
            awaitWatermark();
        }
        execute(
                "ALTER TABLE main SET SCHEMA elsewhere",
                "UPDATE elsewhere.main SET v = 'unseen'",
                "ALTER TABLE elsewhere.main SET SCHEMA public");
        try (RunningDaemon daemon = running()) {
            awaitContent("unseen");
            awaitWatermark();
            assertOneGap(daemon, "table-republished");
        }
    }

    /** Both moves are in one transaction, so no read of the catalog sees the table outside of its schema. */
    @Test
    void aTableThatLeavesItsSchemaAndComesBackBetweenTwoLooks() throws Exception {
        schema();
        execute("CREATE PUBLICATION refreshd FOR " + SCHEMA, "CREATE SCHEMA elsewhere");
        try (RunningDaemon daemon = running()) {
            awaitWatermark();
            execute("BEGIN; ALTER TABLE main SET SCHEMA elsewhere; UPDATE elsewhere.main SET v = 'unseen';"
                    + " ALTER TABLE elsewhere.main SET SCHEMA public; COMMIT");
            await().until(() -> gaps(daemon).equals(List.of("table-republished")));
            awaitContent("unseen");
            awaitWatermark();
        }
    }

    @Test
    void aPublicationThatIsDroppedWhileItRuns() throws Exception {
        schema();
        try (RunningDaemon daemon = running()) {
            awaitWatermark();
            execute("DROP PUBLICATION refreshd", "UPDATE main SET v = 'unseen'");
            awaitContent("unseen");
            await().until(() -> gaps(daemon).equals(List.of("publication-replaced")));
            awaitWatermark();
        }
    }

    /** Since 18 the server streams heartbeats without the publication. The status must not be "streaming" then. */
    @Test
    void aPublicationThatIsDroppedAndMayNotBeMadeAgain() throws Exception {
        schema();
        execute(
                "CREATE ROLE modest LOGIN REPLICATION",
                "CREATE SCHEMA refreshd AUTHORIZATION modest",
                "GRANT MAINTAIN ON of_main TO modest");
        String publish = "CREATE PUBLICATION refreshd FOR TABLE main; ALTER PUBLICATION refreshd OWNER TO modest";
        execute(publish);
        String views = "views: { quiet-period: 50ms, untracked-max-staleness: 500ms }";
        try (RunningDaemon daemon = RunningDaemon.start(RunningDaemon.configuration(url.apply("gaps"), "gaps", views)
                .replace("user: postgres", "user: modest"))) {
            awaitWatermark();
            execute("DROP PUBLICATION refreshd", "UPDATE main SET v = 'unseen'");
            await().until(() -> {
                StreamStatus stream = daemon.daemon().status().stream();
                return stream.phase() == StreamPhase.CONNECTING
                        && stream.detail().contains("may not create the publication");
            });
            awaitContent("unseen");
            await().until(() ->
                    query("SELECT watermark IS NULL FROM refreshd.freshness").equals(List.of("t")));
            execute(publish);
            execute("UPDATE main SET v = 'streams again'");
            awaitContent("streams again");
            awaitWatermark();
            await().until(() -> gaps(daemon).contains("publication-replaced"));
        } finally {
            execute("DROP OWNED BY modest CASCADE", "DROP ROLE modest");
        }
    }

    /** Before 18 the server cannot decode what was written without a publication, so the slot is dropped. */
    @Test
    void aPublicationThatIsDroppedBefore18() throws Exception {
        try (VersionedServer old = VersionedServer.start(15)) {
            url = old::url;
            schema();
            try (RunningDaemon daemon = running()) {
                awaitWatermark();
                execute("DROP PUBLICATION refreshd", "UPDATE main SET v = 'unseen'");
                awaitContent("unseen");
                await().until(() -> gaps(daemon).contains("publication-missing"));
                execute("UPDATE main SET v = 'streams again'");
                awaitContent("streams again");
                awaitWatermark();
            }
        }
    }

    @Test
    void aSlotThatTheServerGaveUp() throws Exception {
        schema();
        try (RunningDaemon daemon = running()) {
            awaitWatermark();
        }
        try {
            admin("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
            admin("SELECT pg_reload_conf()");
            execute("UPDATE main SET v = 'unseen'");
            execute(WalSegments.statements(64));
            // Repeated, since the first one may come before its process has read the setting.
            await().until(() -> {
                admin("CHECKPOINT");
                return query("SELECT wal_status FROM pg_replication_slots").equals(List.of("lost"));
            });
        } finally {
            admin("ALTER SYSTEM RESET max_slot_wal_keep_size");
            admin("SELECT pg_reload_conf()");
        }
        try (RunningDaemon daemon = running()) {
            awaitContent("unseen");
            awaitWatermark();
            assertOneGap(daemon, "slot-lost");
        }
    }

    /** Since 18 a server can invalidate a slot that nobody reads. */
    @Test
    void aSlotThatWasIdleForTooLong() throws Exception {
        schema();
        try (RunningDaemon daemon = running()) {
            awaitWatermark();
        }
        try {
            admin("ALTER SYSTEM SET idle_replication_slot_timeout = '1s'");
            admin("SELECT pg_reload_conf()");
            execute("UPDATE main SET v = 'unseen'");
            await().until(() -> {
                admin("CHECKPOINT");
                return query("SELECT invalidation_reason FROM pg_replication_slots")
                        .equals(List.of("idle_timeout"));
            });
        } finally {
            admin("ALTER SYSTEM RESET idle_replication_slot_timeout");
            admin("SELECT pg_reload_conf()");
        }
        try (RunningDaemon daemon = running()) {
            awaitContent("unseen");
            awaitWatermark();
            assertOneGap(daemon, "slot-lost");
        }
    }

    @Test
    void aSlotThatIsDroppedWhileItRuns() throws Exception {
        schema();
        try (RunningDaemon daemon = running()) {
            awaitWatermark();
            await().ignoreExceptions().until(() -> {
                admin("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active");
                admin("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
                return true;
            });
            execute("UPDATE main SET v = 'unseen'");
            awaitContent("unseen");
            await().until(() -> gaps(daemon).equals(List.of("slot-missing")));
            execute("UPDATE main SET v = 'streams again'");
            awaitContent("streams again");
            awaitWatermark();
        }
    }

    /**
     * The slot has no position until a running transaction has ended. Then it starts behind a change that no stream has
     * shown.
     */
    @Test
    void aSlotThatSomebodyElseIsMaking() throws Exception {
        schema();
        try (RunningDaemon daemon = running()) {
            awaitWatermark();
        }
        Slots.drop(url.apply("gaps"), "gaps");
        try (Connection open = DriverManager.getConnection(url.apply("gaps"), LocalPostgres.USER, "");
                Statement statement = open.createStatement();
                RunningDaemon daemon =
                        RunningDaemon.prepare(RunningDaemon.configuration(url.apply("gaps"), "gaps", ""))) {
            open.setAutoCommit(false);
            statement.execute("SELECT pg_current_xact_id()");
            CompletableFuture<Void> making = CompletableFuture.runAsync(
                    () -> {
                        try {
                            execute("SELECT pg_create_logical_replication_slot('gaps', 'pgoutput')");
                        } catch (SQLException e) {
                            throw new IllegalStateException(e);
                        }
                    },
                    Thread.ofVirtual()::start);
            await().until(() ->
                    query("SELECT count(*) FROM pg_replication_slots").equals(List.of("1")));
            execute("UPDATE main SET v = 'unseen'");
            CompletableFuture<Void> started = CompletableFuture.runAsync(daemon::begin, Thread.ofVirtual()::start);
            await().until(() -> daemon.daemon().status().stream().detail().contains("is being made"));
            open.rollback();
            making.join();
            awaitContent("unseen");
            awaitWatermark();
            started.join();
            assertOneGap(daemon, "slot-ahead");
        }
    }

    private RunningDaemon running() throws Exception {
        return RunningDaemon.start(RunningDaemon.configuration(url.apply("gaps"), "gaps", ""));
    }

    private static List<String> gaps(RunningDaemon daemon) {
        return daemon.notices().stream()
                .flatMap(notice -> notice instanceof Notice.GapFound gap
                        ? java.util.stream.Stream.of(gap.reason())
                        : java.util.stream.Stream.empty())
                .toList();
    }

    private static void assertOneGap(RunningDaemon daemon, String reason) {
        await().until(() -> !gaps(daemon).isEmpty());
        assertThat(gaps(daemon)).containsExactly(reason);
    }

    private void awaitContent(String expected) {
        await().untilAsserted(() -> assertThat(query("SELECT v FROM of_main")).containsExactly(expected));
    }

    /** Waits until the watermark covers everything that has committed by now. Then the view must equal its definition. */
    private void awaitWatermark() throws Exception {
        String now = query("SELECT pg_current_wal_insert_lsn()").getFirst();
        await().until(() -> query("SELECT watermark >= '" + now + "' FROM refreshd.freshness")
                .equals(List.of("t")));
        assertThat(query("SELECT v FROM of_main EXCEPT SELECT v FROM main")).isEmpty();
    }

    private void execute(String... statements) throws SQLException {
        StrictServer.run(url.apply("gaps"), "", statements);
    }

    private void admin(String... statements) throws SQLException {
        StrictServer.run(url.apply("postgres"), "", statements);
    }

    private List<String> query(String sql) throws SQLException {
        return StrictServer.ask(url.apply("gaps"), "", sql);
    }
}
