package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.refreshd.daemon.SlotGuard;
import io.refreshd.report.Notice;
import io.refreshd.report.StreamPhase;
import io.refreshd.report.ViewPhase;
import io.refreshd.testing.Captured;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.WalSegments;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Applications and operators beside a running daemon: they wait for a view, send requests, start a standby, limit the slot. */
class OperationIT {
    /** A quiet period so long that only a request causes a refresh within a test. */
    private static final String ON_REQUEST_ONLY = "views: { quiet-period: 10m, target-lag: 20m }";

    private TestDatabase database;

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, v text)",
                "CREATE TABLE other (id int PRIMARY KEY)",
                "INSERT INTO main VALUES (1, 'old')",
                "CREATE MATERIALIZED VIEW of_main AS SELECT id, v FROM main",
                "CREATE UNIQUE INDEX ON of_main (id)",
                "CREATE MATERIALIZED VIEW on_top AS SELECT id, v || '!' AS v FROM of_main",
                "CREATE UNIQUE INDEX ON on_top (id)",
                "CREATE MATERIALIZED VIEW of_other AS SELECT id FROM other",
                "CREATE UNIQUE INDEX ON of_other (id)");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @Test
    void whoeverWroteCanWaitUntilItCanBeRead() throws Exception {
        String began = database.query("SELECT now()").getFirst();
        try (RunningDaemon daemon = RunningDaemon.start(database, ON_REQUEST_ONLY)) {
            daemon.awaitFresh();
            database.execute("UPDATE main SET v = 'mine'");
            FreshnessWait.await("on_top", database::query);
            assertThat(database.query("SELECT v FROM on_top")).containsExactly("mine!");
            assertThat(database.query("SELECT commit_time BETWEEN '" + began + "' AND now() FROM refreshd.freshness"))
                    .containsOnly("t");
        }
    }

    @Test
    void theCommitTimeOfAWatermarkIsKnownAfterARestartToo() throws Exception {
        Instant before;
        try (RunningDaemon daemon = RunningDaemon.start(database, ON_REQUEST_ONLY)) {
            daemon.awaitFresh();
            await().until(() -> commitTime(daemon).isPresent());
            database.execute("UPDATE main SET v = 'mine'");
            daemon.awaitPhase("public.of_main", ViewPhase.DIRTY);
            // Otherwise the next daemon would refresh the view at once.
            ask("pause");
            daemon.awaitPhase("public.of_main", ViewPhase.PAUSED);
            before = commitTime(daemon).orElseThrow();
        }
        assertThat(database.query(
                        "SELECT commit_time = '" + before + "' FROM refreshd.freshness WHERE view_name = 'of_main'"))
                .containsExactly("t");
        try (RunningDaemon daemon = RunningDaemon.start(database, ON_REQUEST_ONLY)) {
            daemon.awaitPhase("public.of_main", ViewPhase.PAUSED);
            assertThat(commitTime(daemon)).contains(before);
        }
    }

    private static Optional<Instant> commitTime(RunningDaemon daemon) {
        return daemon.view("public.of_main").orElseThrow().commitTime();
    }

    @Test
    void aViewThatIsNotConcernedAnswersWithoutARefresh() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database, ON_REQUEST_ONLY)) {
            daemon.awaitFresh();
            long before = daemon.refreshes("public.of_other");
            database.execute("UPDATE main SET v = 'mine'");
            FreshnessWait.await("of_other", database::query);
            assertThat(daemon.refreshes("public.of_other")).isEqualTo(before);
            assertThat(daemon.view("public.of_main").orElseThrow().phase()).isEqualTo(ViewPhase.DIRTY);
        }
    }

    @Test
    void waitingInVainIsAnErrorThatSaysWhy() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database, ON_REQUEST_ONLY)) {
            daemon.awaitFresh();
            assertThatThrownBy(() -> database.query("SELECT refreshd.wait_until_fresh('main')"))
                    .hasMessageContaining("main is not kept fresh by refreshd");
            assertThatThrownBy(() -> database.query(
                            "SELECT refreshd.wait_until_fresh('of_main', 'FFFFFFFF/0', timeout => '100 ms')"))
                    .hasMessageContaining("of_main is not fresh after 00:00:00.1");
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                statement.execute("UPDATE main SET v = 'not yet'");
                assertThatThrownBy(() -> statement.execute("SELECT refreshd.wait_until_fresh('of_main')"))
                        .hasMessageContaining("has written and not committed yet");
            }
        }
        database.execute("UPDATE refreshd.stream SET beat_at = now() - interval '1 hour'", "UPDATE main SET v = 'x'");
        assertThatThrownBy(() -> database.query("SELECT refreshd.wait_until_fresh('of_main')"))
                .hasMessageContaining("refreshd is away since");
    }

    @Test
    void aWaitThatCannotSucceedFailsAtOnce() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database, "views: { quiet-period: 50ms }")) {
            daemon.awaitFresh();
            ask("pause");
            daemon.awaitPhase("public.of_main", ViewPhase.PAUSED);
            database.execute("UPDATE main SET v = 'paused'");
            assertThatThrownBy(() -> FreshnessWait.await("of_main", database::query))
                    .hasMessageContaining("of_main is paused, and lacks what has been committed since")
                    .hasMessageContaining("refreshd resume 'public.of_main'");
            ask("resume");
            daemon.awaitFresh();
            database.execute("DROP INDEX of_main_id_idx", "UPDATE main SET v = 'not any more'");
            daemon.awaitPhase("public.of_main", ViewPhase.SUSPENDED);
            assertThatThrownBy(() -> FreshnessWait.await("on_top", database::query))
                    .hasMessageContaining("on_top is blocked: it stands on public.of_main, which is suspended");
        }
    }

    @Test
    void operatorsSendRequestsThroughTheLedger() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database, "views: { quiet-period: 50ms }")) {
            daemon.awaitFresh();
            ask("pause");
            daemon.awaitPhase("public.of_main", ViewPhase.PAUSED);
            database.execute("UPDATE main SET v = 'paused'");
            await().until(() ->
                    daemon.view("public.of_main").orElseThrow().oldestMissing().isPresent());
            assertThat(database.query("SELECT v FROM of_main")).containsExactly("old");
            assertThat(database.query("SELECT state FROM refreshd.freshness WHERE view_name = 'of_main'"))
                    .containsExactly("paused");
            ask("resume");
            await().until(() -> database.query("SELECT v FROM of_main").equals(List.of("paused")));
            daemon.awaitFresh();
            long before = daemon.refreshes("public.of_main");
            ask("refresh");
            await().until(() -> daemon.refreshes("public.of_main") > before);
            assertThat(database.query("SELECT count(*) FROM refreshd.request")).containsExactly("0");
        }
    }

    @Test
    void theSecondDaemonStandsByAndTakesOver() throws Exception {
        RunningDaemon first = RunningDaemon.start(database);
        first.awaitFresh();
        RunningDaemon second = RunningDaemon.prepare(database, "");
        try (second) {
            CompletableFuture<Void> started = CompletableFuture.runAsync(second::begin);
            await().until(() -> second.daemon().status().stream().phase() == StreamPhase.STANDBY);
            assertThat(second.daemon().status().stream().detail()).contains("another refreshd serves this database");
            assertThat(second.notices()).noneMatch(Notice.RefreshDone.class::isInstance);
            // The alerts distinguish the two by this series. Only the daemon that has the lease has series of views.
            assertThat(second.scrape())
                    .contains("refreshd_capture_state{state=\"standby\"} 1.0")
                    .contains("refreshd_capture_state{state=\"streaming\"} 0.0")
                    .doesNotContain("refreshd_view_state");
            assertThat(first.scrape())
                    .contains("refreshd_capture_state{state=\"standby\"} 0.0")
                    .contains("refreshd_capture_state{state=\"streaming\"} 1.0")
                    .contains("refreshd_view_state");
            first.close();
            await().until(started::isDone);
            database.execute("UPDATE main SET v = 'by the second'");
            await().until(() -> database.query("SELECT v FROM on_top").equals(List.of("by the second!")));
            assertThat(second.notices()).noneMatch(Notice.GapFound.class::isInstance);
        } finally {
            first.close();
        }
    }

    /** A database has one ledger, whatever slots there are. */
    @Test
    void aDaemonWithAnotherSlotStandsByTooAndLeavesNoSlotBehind() throws Exception {
        RunningDaemon first = RunningDaemon.start(database);
        first.awaitFresh();
        RunningDaemon second = RunningDaemon.prepare(database.url(), "another_" + database.slot());
        try (second) {
            CompletableFuture<Void> started = CompletableFuture.runAsync(second::begin);
            await().until(() -> second.daemon().status().stream().phase() == StreamPhase.STANDBY);
            database.execute("UPDATE main SET v = 'by the first'");
            await().until(() -> database.query("SELECT v FROM on_top").equals(List.of("by the first!")));
            first.close();
            await().until(started::isDone);
            database.execute("UPDATE main SET v = 'by the second'");
            await().until(() -> database.query("SELECT v FROM on_top").equals(List.of("by the second!")));
            assertThat(second.notices()).contains(new Notice.GapFound("slot-renamed"));
            assertThat(database.query("SELECT slot_name FROM pg_replication_slots WHERE database = current_database()"))
                    .containsExactly("another_" + database.slot());
        } finally {
            first.close();
        }
    }

    /**
     * The row of the lease was restored from a backup: the session of the lease lives, and every write to the ledger is
     * refused.
     */
    @Test
    void aDaemonWithAnOldTokenTakesTheLeaseAgain() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            database.execute("UPDATE refreshd.lease SET token = token + 7");
            database.execute("UPDATE main SET v = 'again'");
            await().until(() -> database.query("SELECT v FROM on_top").equals(List.of("again!")));
            daemon.awaitFresh();
        }
    }

    /** The session of the lease has ended while the other connections of the daemon live, as after a network partition. */
    @Test
    void aDaemonThatLostItsLeaseTakesItAgain() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            database.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database ="
                    + " (SELECT oid FROM pg_database WHERE datname = current_database())");
            await().until(() ->
                    database.query("SELECT token FROM refreshd.lease").equals(List.of("2")));
            database.execute("UPDATE main SET v = 'again'");
            await().until(() -> database.query("SELECT v FROM on_top").equals(List.of("again!")));
            daemon.awaitFresh();
        }
    }

    /** The transaction is in front of the start of the slot and was invisible to the first refresh. */
    @Test
    void whatCommitsWhileTheSlotIsMadeIsNotLost() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.prepare(database, "");
                Connection writer = database.connect();
                Statement statement = writer.createStatement()) {
            writer.setAutoCommit(false);
            statement.execute("INSERT INTO other VALUES (7)");
            CompletableFuture<Void> started = CompletableFuture.runAsync(daemon::begin);
            await().until(() -> daemon.daemon().status().stream().detail().contains("running transactions have ended"));
            daemon.awaitPhase("public.of_other", ViewPhase.UNTRACKED);
            writer.commit();
            await().until(started::isDone);
            await().until(() -> database.query("SELECT id FROM of_other").equals(List.of("7")));
        }
    }

    @Test
    void dropsTheSlotBeforeTheDiskIsFull() throws Exception {
        try (RunningDaemon daemon =
                        RunningDaemon.start(database, "  max-retained: 64MB\nviews: { quiet-period: 50ms }");
                Connection holder = database.connect();
                Statement statement = holder.createStatement()) {
            daemon.awaitFresh();
            holder.setAutoCommit(false);
            // The server keeps the log back to the start of the oldest running transaction.
            statement.execute("INSERT INTO other VALUES (1)");
            database.execute(WalSegments.statements(64));
            database.execute("CHECKPOINT");
            await().until(() -> daemon.daemon().status().stream().detail().contains("running transactions have ended"));
            assertThat(database.query(
                            "SELECT coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)), 0) < 67108864"
                                    + " FROM pg_replication_slots WHERE slot_name = '" + database.slot() + "'"))
                    .containsExactly("t");
            holder.commit();
            await().until(() -> daemon.notices().contains(new Notice.GapFound("slot-dropped")));
            await().until(() -> database.query("SELECT id FROM of_other").equals(List.of("1")));
            database.execute("UPDATE main SET v = 'streams again'");
            await().until(() -> database.query("SELECT v FROM of_main").equals(List.of("streams again")));
        }
    }

    /** The warning comes at half of the limit, and once for as long as the cause lasts. */
    @Test
    void warnsBeforeTheSlotIsDropped() throws Exception {
        try (Captured log = new Captured(SlotGuard.class);
                RunningDaemon daemon =
                        RunningDaemon.start(database, "  max-retained: 128MB\nviews: { quiet-period: 50ms }");
                Connection holder = database.connect();
                Statement statement = holder.createStatement()) {
            daemon.awaitFresh();
            assertThat(log.lines()).isEmpty();
            holder.setAutoCommit(false);
            statement.execute("INSERT INTO other VALUES (1)");
            database.execute(WalSegments.statements(64));
            database.execute("CHECKPOINT");
            long looks = looksAtMuchLog(daemon);
            await().until(() -> looksAtMuchLog(daemon) > looks + 3);
            assertThat(log.lines())
                    .singleElement(InstanceOfAssertFactories.STRING)
                    .startsWith("WARN The server keeps much log for the slot slot=" + database.slot() + " retained=")
                    .endsWith(" limit=134217728");
            assertThat(daemon.scrape())
                    .containsPattern("refreshd_slot_retained_bytes ([6-9]\\.\\d+E7|1\\.\\d+E8)\n")
                    .contains("refreshd_slot_retained_limit_bytes 1.34217728E8");
            holder.commit();
            await().until(() -> database.query("SELECT id FROM of_other").equals(List.of("1")));
            assertThat(daemon.notices()).noneMatch(Notice.GapFound.class::isInstance);
        }
    }

    private static long looksAtMuchLog(RunningDaemon daemon) {
        return daemon.notices().stream()
                .filter(notice -> notice instanceof Notice.SlotSeen seen && seen.retainedBytes() > 64L << 20)
                .count();
    }

    /** An hour that begins in about six hours. */
    private static String closedWindow() {
        int hour = Instant.now().atZone(ZoneOffset.UTC).plusHours(6).getHour();
        return "%02d:00-%02d:59 UTC".formatted(hour, hour);
    }

    @Test
    void aViewOutsideOfItsWindowWaitsAndSaysSo() throws Exception {
        String window =
                "views: { quiet-period: 50ms, overrides: { public.of_main: { window: '" + closedWindow() + "' } } }";
        try (RunningDaemon daemon = RunningDaemon.start(database, window)) {
            daemon.awaitPhase("public.of_main", ViewPhase.WAITING);
            ask("refresh");
            daemon.awaitFresh();
            long before = daemon.refreshes("public.of_main");
            database.execute("UPDATE main SET v = 'by day'");
            assertThatThrownBy(() -> FreshnessWait.await("of_main", database::query))
                    .hasMessageContaining("of_main waits for its window until 20")
                    .hasMessageContaining("and lacks what has been committed since 20")
                    .hasMessageContaining("refreshd refresh");
            assertThatThrownBy(() -> FreshnessWait.await("on_top", database::query))
                    .hasMessageContaining("on_top stands on public.of_main, which waits for its window until 20");
            assertThatThrownBy(() -> database.query("SELECT refreshd.request_refresh('of_main')"))
                    .hasMessageContaining("of_main is refreshed in its window only, which opens at 20");
            assertThat(database.query("SELECT view_name || ' ' || state FROM refreshd.freshness ORDER BY 1"))
                    .containsExactly("of_main waiting", "of_other fresh", "on_top waiting");
            assertThat(
                            database.query(
                                    "SELECT count(*) FROM refreshd.freshness WHERE reason LIKE '%waits for its window until 20%'"))
                    .containsExactly("2");
            assertThat(daemon.scrape())
                    .contains("refreshd_view_state{state=\"waiting\",view=\"public.of_main\"} 1.0")
                    .contains("refreshd_view_state{state=\"waiting\",view=\"public.on_top\"} 1.0");
            assertThat(daemon.refreshes("public.of_main")).isEqualTo(before);
            assertThat(database.query("SELECT DISTINCT remedy FROM refreshd.freshness WHERE state = 'waiting'"))
                    .containsExactly("it passes by itself; without waiting: refreshd refresh public.of_main");
            ask("refresh");
            daemon.awaitFresh();
            assertThat(database.query("SELECT v FROM on_top")).containsExactly("by day!");
            database.execute("UPDATE main SET v = 'once more'");
            daemon.awaitPhase("public.of_main", ViewPhase.WAITING);
        }
        try (RunningDaemon daemon = RunningDaemon.start(database, "views: { quiet-period: 50ms }")) {
            FreshnessWait.await("on_top", database::query);
            assertThat(database.query("SELECT v FROM on_top")).containsExactly("once more!");
            assertThat(database.query("SELECT count(closed_until) FROM refreshd.view_state"))
                    .containsExactly("0");
        }
    }

    private void ask(String kind) throws Exception {
        database.execute(
                "INSERT INTO refreshd.request (kind, view_oid) VALUES ('" + kind + "', 'of_main'::regclass)",
                "SELECT pg_logical_emit_message(true, 'refreshd:request', '')");
    }
}
