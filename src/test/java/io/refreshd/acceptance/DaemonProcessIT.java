package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.refreshd.report.StreamPhase;
import io.refreshd.testing.DaemonProcess;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a daemon process ends, and what its successor finds. */
class DaemonProcessIT {
    @TempDir
    private Path folder;

    private TestDatabase database;

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, v text)",
                "INSERT INTO main VALUES (1, 'old')",
                "CREATE MATERIALIZED VIEW all_rows AS SELECT id, v FROM main",
                "CREATE UNIQUE INDEX ON all_rows (id)");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    /** The quiet period of ten minutes makes sure that the daemon is killed between the commit and the refresh. */
    @Test
    void killedBetweenCommitAndRefreshItLosesNothing() throws Exception {
        try (DaemonProcess daemon = start("views: { quiet-period: 10m, target-lag: 1h }")) {
            awaitStreaming();
            awaitFreshness("fresh");
            database.execute("UPDATE main SET v = 'new'");
            awaitFreshness("dirty");
            daemon.kill();
        }
        assertThat(rows()).containsExactly("old");
        String epoch = epoch();

        try (DaemonProcess daemon = start("views: { quiet-period: 50ms }")) {
            await().untilAsserted(() -> assertThat(rows()).containsExactly("new"));
            awaitFreshness("fresh");
            assertThat(epoch()).as("no gap: the stream went on").isEqualTo(epoch);
            assertThat(daemon.lines())
                    .noneMatch(line ->
                            line.contains(" ERROR ") || line.toLowerCase().contains("gap"));
        }
    }

    /**
     * The ledger may lack the mark at that moment. Then the log has not been acknowledged, and the successor reads it again.
     */
    @Test
    void killedRightAfterTheCommitItLosesNothing() throws Exception {
        try (DaemonProcess daemon = start("views: { quiet-period: 10m, target-lag: 1h }")) {
            awaitFreshness("fresh");
            database.execute("UPDATE main SET v = 'new'");
            daemon.kill();
        }
        try (RunningDaemon successor = RunningDaemon.start(database)) {
            await().untilAsserted(() -> assertThat(rows()).containsExactly("new"));
            successor.awaitFresh();
        }
    }

    /**
     * The daemon is away after five heartbeats and five seconds, here after ten seconds. That ends a wait that runs already, and
     * a later one.
     */
    @Test
    void killedItIsReportedAwayToWhoeverWaitsForAView() throws Exception {
        try (DaemonProcess daemon = start("views: { quiet-period: 50ms }\nrefresh: { lock-timeout: 10m }");
                Connection holder = database.connect();
                Statement statement = holder.createStatement()) {
            awaitStreaming();
            awaitFreshness("fresh");
            holder.setAutoCommit(false);
            // The lock keeps the daemon's own refresh from ending before the daemon is killed.
            statement.execute("REFRESH MATERIALIZED VIEW all_rows");
            database.execute("UPDATE main SET v = 'new'");
            CompletableFuture<List<String>> waiting = CompletableFuture.supplyAsync(this::waitUntilFresh);
            await().until(() -> database.query("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                            + " AND datname = current_database()")
                    .equals(List.of("1")));
            daemon.kill();
            assertThatThrownBy(waiting::join).hasMessageContaining("refreshd is away since 20");
            assertThatThrownBy(this::waitUntilFresh).hasMessageContaining("refreshd is away since 20");
        }
    }

    private List<String> waitUntilFresh() {
        try {
            return database.query(TestTimeout.waitUntilFresh("all_rows"));
        } catch (Exception e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    @Test
    void killedItIsReplacedByTheOneThatStandsBy() throws Exception {
        try (DaemonProcess first = start("views: { quiet-period: 50ms }")) {
            awaitFreshness("fresh");
            try (RunningDaemon second = standBy()) {
                String epoch = epoch();
                first.kill();
                database.execute("UPDATE main SET v = 'new'");
                await().untilAsserted(() -> assertThat(rows()).containsExactly("new"));
                assertThat(token()).isEqualTo("2");
                assertThat(epoch()).as("no gap: the stream went on").isEqualTo(epoch);
                second.awaitFresh();
            }
        }
    }

    /**
     * A daemon whose machine hangs loses its lease and cannot know it. When it runs again, it must not act as if it had the
     * lease.
     */
    @Test
    void frozenAndReplacedItStandsByWhenItThaws() throws Exception {
        try (DaemonProcess first = start("views: { quiet-period: 50ms }")) {
            awaitFreshness("fresh");
            try (RunningDaemon second = standBy()) {
                freezeBetweenTransactions(first);
                // The server ends sessions like this when keepalives are not answered, or after idle_session_timeout.
                database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        + " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                        + " AND (backend_type = 'walsender'"
                        + "      OR pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted))");
                await().until(() -> token().equals("2"));
                database.execute("UPDATE main SET v = 'by the second'");
                await().untilAsserted(() -> assertThat(rows()).containsExactly("by the second"));
                first.thaw();
                awaitStandby(first);
                database.execute("UPDATE main SET v = 'still by the second'");
                await().untilAsserted(() -> assertThat(rows()).containsExactly("still by the second"));
                assertThat(token()).isEqualTo("2");
                second.awaitFresh();
            }
        }
    }

    @Test
    void terminatedItEndsInOrderAndLeavesTheSlotToTheNext() throws Exception {
        // On a busy machine the default target lag is missed, which is logged as a warning.
        try (DaemonProcess daemon = start("views: { quiet-period: 50ms, target-lag: 1h }")) {
            awaitFreshness("fresh");
            assertThat(daemon.terminate()).isZero();
            assertThat(daemon.lines()).noneMatch(line -> line.contains(" ERROR ") || line.contains(" WARN "));
        }
        assertThat(activeSlots()).containsExactly("f");
    }

    /** A refresh that outlasts the grace period of the daemon is cancelled on the server too. */
    @Test
    void terminatedDuringARefreshItLeavesNothingRunning() throws Exception {
        database.execute(
                "CREATE TABLE slow (id int PRIMARY KEY)",
                "CREATE MATERIALIZED VIEW sleepy AS SELECT id FROM slow WHERE pg_sleep(600) IS NOT NULL",
                "CREATE UNIQUE INDEX ON sleepy (id)");
        try (DaemonProcess daemon = start("views: { quiet-period: 50ms }")) {
            awaitFreshness("fresh", "all_rows");
            database.execute("INSERT INTO slow VALUES (1)");
            await().until(() -> refreshing().equals(List.of("1")));
            assertThat(daemon.terminate()).isZero();
        }
        await().untilAsserted(() -> assertThat(refreshing()).containsExactly("0"));
        assertThat(activeSlots()).containsExactly("f");
        assertThat(database.query("SELECT state FROM refreshd.freshness WHERE view_name = 'sleepy'"))
                .containsExactly("dirty");
    }

    @Test
    void terminatedWhileItWaitsForTheDatabaseItEndsAtOnce() throws Exception {
        try (Connection open = database.connect();
                Statement statement = open.createStatement()) {
            open.setAutoCommit(false);
            statement.execute("INSERT INTO main VALUES (2, 'two hours ago')");
            try (DaemonProcess daemon = start("")) {
                daemon.awaitLine("makes the replication slot when");
                assertThat(daemon.lines())
                        .as("names the transaction, and what ends it")
                        .anyMatch(line -> line.contains("SELECT pg_catalog.pg_terminate_backend("));
                assertThat(daemon.terminate()).isZero();
            }
            assertThat(activeSlots()).isEmpty();
            open.rollback();
        }
    }

    @Test
    void anOpenTransactionIsWaitedForAndNamed() throws Exception {
        try (Connection open = database.connect();
                Statement statement = open.createStatement()) {
            statement.execute("SET application_name = 'month-end closing'");
            open.setAutoCommit(false);
            statement.execute("INSERT INTO main VALUES (2, 'two hours ago')");
            try (DaemonProcess daemon = start("views: { quiet-period: 50ms }")) {
                daemon.awaitLine("month-end closing");
                assertThat(
                                database.query(
                                        "SELECT slot_name FROM pg_replication_slots WHERE confirmed_flush_lsn IS NOT NULL AND database = current_database()"))
                        .isEmpty();
                open.commit();
                awaitFreshness("fresh");
                await().untilAsserted(() -> assertThat(rows()).containsExactly("old", "two hours ago"));
            }
        }
    }

    private DaemonProcess start(String more) throws Exception {
        String yaml = RunningDaemon.configuration(database.url(), database.slot(), more);
        return DaemonProcess.of(DaemonProcess.write(folder, yaml)).start();
    }

    /**
     * Waits for the slot to be in use. A view can be fresh before, and is refreshed once more when the slot has been
     * created.
     */
    private void awaitStreaming() {
        await("streaming")
                .until(() -> database.query(
                                "SELECT active FROM pg_replication_slots WHERE slot_name = '" + database.slot() + "'")
                        .equals(List.of("t")));
    }

    private void awaitFreshness(String state) {
        awaitFreshness(state, "all_rows");
    }

    private void awaitFreshness(String state, String view) {
        await(state)
                .ignoreExceptionsMatching(noLedgerYet -> true)
                .untilAsserted(
                        () -> assertThat(database.query("SELECT state FROM refreshd.freshness WHERE view_name = '"
                                        + view + "' AND watermark IS NOT NULL"))
                                .containsExactly(state));
    }

    private List<String> rows() throws Exception {
        return database.query("SELECT v FROM all_rows ORDER BY id");
    }

    /** A daemon in this JVM that stands by, as what is tested is the process whose place it takes. */
    private RunningDaemon standBy() throws Exception {
        RunningDaemon second = RunningDaemon.prepare(database, "");
        Thread.ofVirtual().start(second::begin);
        await("standby").until(() -> second.daemon().status().stream().phase() == StreamPhase.STANDBY);
        return second;
    }

    private static void awaitStandby(DaemonProcess daemon) {
        await("standby")
                .untilAsserted(() -> assertThat(daemon.lines())
                        .anyMatch(line -> line.contains("another refreshd serves this database")));
    }

    /**
     * A daemon frozen in the middle of a transaction would keep the lease until the server ends that transaction after 30 s.
     */
    private void freezeBetweenTransactions(DaemonProcess daemon) {
        await().until(() -> {
            daemon.freeze();
            boolean between = database.query("SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
                            + " AND state LIKE 'idle in transaction%'")
                    .isEmpty();
            if (!between) {
                daemon.thaw();
            }
            return between;
        });
    }

    private String token() throws Exception {
        return database.query("SELECT token FROM refreshd.lease").getFirst();
    }

    private String epoch() throws Exception {
        return database.query("SELECT epoch FROM refreshd.stream").getFirst();
    }

    private List<String> refreshing() throws Exception {
        return database.query(
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
                        + " AND query LIKE '%REFRESH MATERIALIZED%' AND pid <> pg_backend_pid() AND datname = current_database()");
    }

    private List<String> activeSlots() throws Exception {
        return database.query("SELECT active FROM pg_replication_slots WHERE slot_name = '" + database.slot() + "'");
    }
}
