package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.DaemonProcess;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Daemon and verbs are killed in the middle of their work, while somebody holds locks that they wait for. The server keeps no session of
 * them: it looks every five seconds whether the client of a statement is still there.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@NullUnmarked // Set before all tests.
class KilledProcessesIT {
    /** Those that wait for a lock in this database, and so can be killed while a statement is running. */
    private static final List<List<String>> WAITING = List.of(
            List.of("run"),
            List.of("audit", "public.of_locked"),
            List.of("explain", "public.locked", "--key", "1"),
            List.of("convert", "public.of_locked", "--apply"));

    /** All others that connect to the database of the configuration. */
    private static final List<List<String>> OTHERS = List.of(
            List.of("check"),
            List.of("status"),
            List.of("graph"),
            List.of("plan"),
            List.of("apply"),
            List.of("convert", "public.of_locked"),
            List.of("redefine", "public.of_locked", "--query", "SELECT id FROM public.free", "--apply"),
            List.of("refresh", "public.of_locked"),
            List.of("pause", "public.of_locked"),
            List.of("resume", "public.of_locked"),
            List.of("init"),
            List.of("teardown", "--yes", "--force"));

    @TempDir
    private static Path folder;

    private TestDatabase database;
    private String role;
    private Path configuration;

    @BeforeAll
    void create() throws Exception {
        database = TestDatabase.create();
        role = "killed_" + database.name();
        database.execute(
                "CREATE ROLE " + role + " SUPERUSER REPLICATION LOGIN",
                "CREATE TABLE locked (id int PRIMARY KEY, role text)",
                "INSERT INTO locked VALUES (1, 'a')",
                "CREATE TABLE free (id int PRIMARY KEY)",
                "CREATE TABLE role_names (name text PRIMARY KEY)",
                "CREATE MATERIALIZED VIEW of_locked AS SELECT id FROM locked",
                "CREATE UNIQUE INDEX ON of_locked (id)");
        // Without these limits of its own the server would end every statement after a while, whoever waits for it.
        String yaml = RunningDaemon.configuration(database.url(), database.slot(), """
                        views: { quiet-period: 10ms }
                        refresh: { lock-timeout: 60m, statement-timeout: 60m, lock-patience: 60m }
                        role-views:
                          templates:
                            public.role_{role}:
                              query: SELECT id FROM locked WHERE role = {role}
                              unique-key: [id]
                              roles-query: SELECT name FROM role_names
                        """)
                .replace("user: postgres", "user: " + role);
        configuration = DaemonProcess.write(folder, yaml);
        try (RunningDaemon daemon = RunningDaemon.start(yaml)) {
            daemon.awaitFresh();
        }
        // The daemon has to refresh it at its start.
        database.execute("INSERT INTO locked VALUES (2, 'b')");
    }

    @AfterAll
    void drop() throws Exception {
        database.execute("DROP OWNED BY " + role + " CASCADE");
        database.close();
        try (Connection admin =
                        DriverManager.getConnection(TestDatabase.server().url("postgres"), LocalPostgres.USER, "");
                Statement statement = admin.createStatement()) {
            statement.execute("DROP ROLE " + role);
        }
    }

    @Test
    void noSessionIsLeftOfWhatWaitsForALock() throws Exception {
        try (Connection stranger = lock()) {
            for (List<String> verb : WAITING) {
                try (DaemonProcess process = DaemonProcess.ofVerb(configuration, verb)) {
                    await(verb + " waits for a lock")
                            .failFast(() -> assertAlive(process))
                            .until(() -> waiting() > 0);
                    process.kill();
                }
                await("the sessions of " + verb + " have ended").until(() -> sessions() == 0);
            }
            stranger.rollback();
        }
    }

    /** Options: {@code -Drefreshd.minutes=5 -Drefreshd.seed=…} */
    @Test
    @Tag("faults")
    void noSessionIsLeftOverMinutes() throws Exception {
        long seed = Long.getLong("refreshd.seed", System.nanoTime() & 0xffffff);
        Random random = new Random(seed);
        long end = System.nanoTime()
                + Duration.ofMinutes(Long.getLong("refreshd.minutes", 5)).toNanos();
        List<List<String>> all = java.util.stream.Stream.concat(WAITING.stream(), OTHERS.stream())
                .toList();
        int killed = 0;
        int ended = 0;
        int sessions = 0;
        Duration longest = Duration.ZERO;
        try (Connection stranger = lock()) {
            while (System.nanoTime() - end < 0) {
                for (List<String> verb : all) {
                    try (DaemonProcess process = DaemonProcess.ofVerb(configuration, verb)) {
                        await(verb + " has a session").until(() -> sessions() > 0 || !process.isAlive());
                        Thread.sleep(random.nextInt(2_000));
                        int now = sessions();
                        if (process.isAlive()) {
                            killed++;
                            sessions += now;
                        } else {
                            ended++;
                        }
                        process.kill();
                    }
                    long from = System.nanoTime();
                    await("the sessions of " + verb + " have ended").until(() -> sessions() == 0);
                    Duration took = Duration.ofNanos(System.nanoTime() - from);
                    longest = took.compareTo(longest) > 0 ? took : longest;
                }
            }
            stranger.rollback();
        }
        System.out.printf(
                "seed %d: %d processes killed with %d sessions, %d had ended; the last session ended after %d ms at most%n",
                seed, killed, sessions, ended, longest.toMillis());
        assertThat(sessions).isPositive();
    }

    /** What a stranger can hold at the same time: a table, the reading of the ledger, and a transaction with an id. */
    private Connection lock() throws Exception {
        Connection stranger = database.connect();
        stranger.setAutoCommit(false);
        try (Statement statement = stranger.createStatement()) {
            statement.execute("LOCK TABLE locked, role_names");
            statement.execute("LOCK TABLE refreshd.freshness IN ACCESS SHARE MODE");
            statement.execute("SELECT pg_current_xact_id()");
        }
        return stranger;
    }

    private static void assertAlive(DaemonProcess process) {
        assertThat(process.isAlive()).as("%s", process.lines()).isTrue();
    }

    private int waiting() throws Exception {
        return count(" AND wait_event_type = 'Lock'");
    }

    private int sessions() throws Exception {
        return count("");
    }

    private int count(String condition) throws Exception {
        return Integer.parseInt(String.valueOf(
                database.query("SELECT count(*) FROM pg_stat_activity WHERE usename = '" + role + "'" + condition)
                        .getFirst()));
    }
}
