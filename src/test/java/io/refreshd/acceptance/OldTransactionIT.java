package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.MovableClock;
import io.refreshd.testing.OwnServer;
import io.refreshd.testing.PgCtl;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.ServerFolder;
import io.refreshd.testing.StrictServer;
import io.refreshd.testing.TestTimeout;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A daemon beside transactions that have been open for two hours by the clock of the server. */
class OldTransactionIT {
    private static final Duration AGE = Duration.ofHours(2);
    private static final String WRITES = "INSERT INTO elsewhere VALUES (1)";
    private static final String READS = "SELECT count(*) FROM elsewhere";

    private MovableClock clock;
    private LocalPostgres server;

    @BeforeEach
    void startTwoHoursBack() throws Exception {
        Path folder = ServerFolder.create("old");
        clock = MovableClock.orSkip(folder.resolve("clock"));
        server = OwnServer.start(folder, Map.of());
        clock.set(AGE.negated());
        PgCtl.of(folder).with(clock.environment()).restart(server.port(), "-c wal_level=logical");
        execute(
                "CREATE TABLE main (id int PRIMARY KEY)",
                "CREATE MATERIALIZED VIEW seen AS SELECT id FROM main",
                "CREATE UNIQUE INDEX ON seen (id)",
                "CREATE TABLE elsewhere (id int)");
    }

    @AfterEach
    void stop() throws Exception {
        if (server != null) {
            server.close();
        }
    }

    @Test
    void oneThatOnlyReadsHoldsNothingUp() throws Exception {
        try (Connection old = open(READS)) {
            passTwoHours();
            try (RunningDaemon daemon = RunningDaemon.prepare(server.url("postgres"), "old")) {
                daemon.begin();
                daemon.awaitFresh();
                execute("INSERT INTO main VALUES (1)");
                awaitRows("1");
                assertThat(ages()).containsExactly("t");
            }
            old.rollback();
        }
    }

    @Test
    void oneThatWroteHoldsUpTheSlotAndNothingIsLostMeanwhile() throws Exception {
        try (Connection old = open(WRITES)) {
            passTwoHours();
            try (RunningDaemon daemon = RunningDaemon.prepare(server.url("postgres"), "old")) {
                CompletableFuture<Void> streaming =
                        CompletableFuture.runAsync(daemon::begin, Thread.ofVirtual()::start);
                await().until(() -> daemon.daemon().status().stream().detail().matches(".*open for 7[0-9]{3} s.*"));
                // The first refresh does not wait for the open transaction.
                await().until(() -> daemon.refreshes("public.seen") > 0);
                execute("INSERT INTO main VALUES (2)");
                assertThat(streaming).isNotDone();
                old.rollback();
                assertThat(streaming).succeedsWithin(TestTimeout.LIMIT);
                awaitRows("2");
            }
        }
    }

    @Test
    void oneThatGrewOldWhileItRanHoldsNothingUp() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.prepare(server.url("postgres"), "old")) {
            daemon.begin();
            daemon.awaitFresh();
            try (Connection old = open(WRITES)) {
                passTwoHours();
                execute("INSERT INTO main VALUES (3)");
                awaitRows("3");
                assertThat(ages()).containsExactly("t");
                daemon.awaitFresh();
                old.rollback();
            }
        }
    }

    private void passTwoHours() throws Exception {
        clock.set(Duration.ZERO);
        await("two hours have passed").until(() -> ages().equals(List.of("t")));
    }

    /** Whether the open transaction is two hours old: t or f. */
    private List<String> ages() throws Exception {
        return StrictServer.ask(
                server.url("postgres"),
                "",
                "SELECT clock_timestamp() - xact_start >= interval '2 hours' FROM pg_stat_activity"
                        + " WHERE application_name = 'old'");
    }

    private Connection open(String sql) throws Exception {
        Connection old =
                DriverManager.getConnection(server.url("postgres") + "?ApplicationName=old", LocalPostgres.USER, "");
        old.setAutoCommit(false);
        old.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        try (Statement statement = old.createStatement()) {
            statement.execute(sql);
        }
        return old;
    }

    private void awaitRows(String expected) {
        await().untilAsserted(() -> assertThat(StrictServer.ask(server.url("postgres"), "", "TABLE seen"))
                .containsExactly(expected));
    }

    private void execute(String... statements) throws Exception {
        StrictServer.run(server.url("postgres"), "", statements);
    }
}
