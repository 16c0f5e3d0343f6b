package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.report.Notice;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Somebody locks one object after the other, for as long as he likes. Every view that does not read the object is refreshed and claimed
 * meanwhile, also while the catalog has to be read anew; and the server keeps no backend of refreshd.
 *
 * <p>All cases share one daemon, with role views and audits. The socketTimeout of its URL stands for the 30 s of production: a wait that
 * the server did not end before would leave a backend behind.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LockedObjectsIT {
    /** Sessions of a daemon with two refreshes at a time: both pools, lease, membership, heartbeat and walsender. */
    private static final int MOST_SESSIONS = 18;

    /** Views by the table that makes them dirty. */
    private static final Map<String, List<String>> VIEWS = Map.of(
            "locked", List.of("of_locked", "of_between"),
            "parts", List.of("of_part"),
            "low", List.of("lower", "upper"),
            "enums", List.of("by_enum"),
            "called", List.of("by_function"),
            "apart.inside", List.of("of_apart"),
            "members", List.of("role_a"),
            "free", List.of("bystander"));

    private TestDatabase database;
    private String role;
    private RunningDaemon daemon;
    private Connection other;
    private int extra;

    /**
     * A statement that locks something, in a transaction that stays open.
     *
     * @param concerned views that may wait for it
     * @param notWritable tables that cannot be written meanwhile
     */
    private record Lock(String sql, Set<String> concerned, Set<String> notWritable) {
        @Override
        public String toString() {
            return sql;
        }
    }

    @BeforeAll
    void start() throws Exception {
        database = TestDatabase.create();
        role = "keeper_" + database.name();
        database.execute(
                "CREATE ROLE " + role + " SUPERUSER REPLICATION LOGIN",
                "CREATE TABLE locked (id int PRIMARY KEY)",
                "CREATE VIEW between AS SELECT id FROM locked",
                "CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id)",
                "CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (1000000)",
                "CREATE TABLE low (id int PRIMARY KEY)",
                "CREATE TYPE st AS ENUM ('a')",
                "CREATE TABLE enums (id int PRIMARY KEY, s st)",
                "CREATE FUNCTION same(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
                "CREATE TABLE called (id int PRIMARY KEY)",
                "CREATE SCHEMA apart",
                "CREATE TABLE apart.inside (id int PRIMARY KEY)",
                "CREATE SEQUENCE counter",
                "CREATE TABLE role_names (name text PRIMARY KEY)",
                "INSERT INTO role_names VALUES ('a')",
                "CREATE TABLE members (id int PRIMARY KEY, role text DEFAULT 'a')",
                "CREATE TABLE free (id int PRIMARY KEY)",
                "CREATE TABLE unpublished (id int PRIMARY KEY)",
                view("of_locked", "SELECT id FROM locked"),
                view("of_between", "SELECT id FROM between"),
                view("of_part", "SELECT id FROM parts"),
                view("lower", "SELECT id FROM low"),
                view("upper", "SELECT id FROM lower"),
                view("by_enum", "SELECT id, s::text AS s FROM enums"),
                view("by_function", "SELECT same(id) AS id FROM called"),
                view("of_apart", "SELECT id FROM apart.inside"),
                view("of_sequence", "SELECT l.id, c.last_value FROM low l, counter c"),
                view("bystander", "SELECT id FROM free"));
        String yaml = RunningDaemon.configuration(database.url() + "?socketTimeout=12", database.slot(), """
                        views: { quiet-period: 10ms, untracked-max-staleness: 1s }
                        refresh: { lock-timeout: 100ms }
                        audit: { interval: 300ms }
                        role-views:
                          templates:
                            public.role_{role}:
                              query: SELECT id FROM members WHERE role = {role}
                              unique-key: [id]
                              roles-query: SELECT name FROM role_names
                        """)
                .replace("user: postgres", "user: " + role);
        daemon = RunningDaemon.startLooking(yaml, Duration.ofMillis(500));
        other = database.connect();
        other.setAutoCommit(false);
        await("the role view exists")
                .until(() -> database.query("SELECT to_regclass('role_a') IS NOT NULL")
                        .contains("t"));
    }

    @AfterAll
    void stop() throws Exception {
        other.close();
        daemon.close();
        database.execute("DROP OWNED BY " + role + " CASCADE");
        database.close();
        try (Connection admin = java.sql.DriverManager.getConnection(
                        TestDatabase.server().url("postgres"), "postgres", "");
                Statement statement = admin.createStatement()) {
            statement.execute("DROP ROLE " + role);
        }
    }

    @AfterEach
    void unlock() throws Exception {
        other.rollback();
    }

    static Stream<Lock> locks() {
        return Stream.of(
                lock("LOCK TABLE locked", Set.of("of_locked", "of_between"), "locked"),
                lock("LOCK TABLE part", Set.of("of_part"), "parts"),
                lock("LOCK TABLE parts", Set.of("of_part"), "parts"),
                lock("ALTER VIEW between RENAME TO elsewhere", Set.of("of_between")),
                lock("ALTER MATERIALIZED VIEW lower RENAME TO lower_still", Set.of("lower", "upper")),
                lock("REINDEX INDEX lower_id_idx", Set.of("lower", "upper")),
                lock("REFRESH MATERIALIZED VIEW upper", Set.of("upper")),
                lock("ALTER SEQUENCE counter RENAME TO counting", Set.of()),
                lock("ALTER TYPE st RENAME VALUE 'a' TO 'b'", Set.of("by_enum")),
                lock(
                        "CREATE OR REPLACE FUNCTION same(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1'",
                        Set.of("by_function")),
                lock("DROP SCHEMA apart CASCADE", Set.of("of_apart"), "apart.inside"),
                lock("LOCK TABLE role_names", Set.of()),
                lock("LOCK TABLE members", Set.of("role_a"), "members"),
                lock("DROP MATERIALIZED VIEW role_a", Set.of("role_a")),
                lock("ALTER PUBLICATION refreshd ADD TABLE unpublished", Set.of()),
                lock("ALTER PUBLICATION refreshd OWNER TO postgres", Set.of()));
    }

    private static Lock lock(String sql, Set<String> concerned, String... notWritable) {
        return new Lock(sql, concerned, Set.of(notWritable));
    }

    @ParameterizedTest
    @MethodSource("locks")
    void everyOtherViewIsRefreshedAndClaimed(Lock lock) throws Exception {
        awaitFresh(Set.of());
        execute(lock.sql());
        writeAll(lock.notWritable());
        awaitFresh(lock.concerned());
        // A view that is new has the catalog read while the object is locked.
        String name = "extra_" + ++extra;
        database.execute(view(name, "SELECT id FROM free"));
        FreshnessWait.await(name, database::query);
        writeAll(lock.notWritable());
        awaitFresh(lock.concerned());
        awaitNoBackendLeft();
        other.rollback();
        // It would be refreshed and audited in all cases to come.
        database.execute("DROP MATERIALIZED VIEW " + name);
        awaitFresh(Set.of());
    }

    /** Counted are the waits that would have left a backend behind, and not the minutes. */
    @Test
    void theServerKeepsNoBackendForAStatementThatWaitedForALock() throws Exception {
        awaitFresh(Set.of());
        int enough = MOST_SESSIONS - sessions() + 3;
        execute("LOCK TABLE locked, role_names, members, part");
        database.execute("INSERT INTO low SELECT coalesce(max(id), 0) + 1 FROM low");
        Set<String> waits = new HashSet<>();
        await("waits for locks").until(() -> {
            database.query("SELECT l.pid || ' ' || a.query_start FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                            + " WHERE NOT l.granted AND a.usename = '" + role + "'")
                    .forEach(wait -> waits.add(String.valueOf(wait)));
            return waits.size() >= enough;
        });
        awaitNoBackendLeft();
        other.rollback();
        awaitFresh(Set.of());
    }

    /** Nobody knows when a lock ends: views that wait for it leave a place for the others. */
    @Test
    void viewsThatWaitForALockLeaveAPlace() throws Exception {
        try (TestDatabase own = TestDatabase.create();
                Connection stranger = own.connect()) {
            own.execute(
                    "CREATE TABLE locked (id int PRIMARY KEY)",
                    "CREATE TABLE feed (id int PRIMARY KEY)",
                    "CREATE TABLE free (id int PRIMARY KEY)",
                    view("bystander", "SELECT id FROM free"));
            for (int i = 0; i < 5; i++) {
                own.execute(view("waiting_" + i, "SELECT f.id FROM feed f LEFT JOIN locked l ON l.id = f.id"));
            }
            try (RunningDaemon patient = RunningDaemon.start(own, """
                    views: { quiet-period: 10ms }
                    refresh: { lock-timeout: 60m, statement-timeout: 60m, max-concurrent: 2 }
                    """)) {
                patient.awaitFresh();
                stranger.setAutoCommit(false);
                stranger.createStatement().execute("LOCK TABLE locked");
                await("all are frozen")
                        .until(() -> own.query("SELECT count(*) FROM refreshd.freshness WHERE reason LIKE '%locked%'")
                                .contains("5"));
                own.execute("INSERT INTO feed VALUES (1)");
                await("a refresh waits")
                        .until(() -> !own.query("SELECT 1 FROM pg_locks WHERE NOT granted AND database ="
                                        + " (SELECT oid FROM pg_database WHERE datname = current_database())")
                                .isEmpty());
                own.execute("INSERT INTO free VALUES (1)");
                FreshnessWait.await("bystander", own::query);
                assertThat(patient.notices())
                        .as("all this while the first refresh waits")
                        .noneMatch(notice -> notice instanceof Notice.RefreshFailed);
                stranger.rollback();
                patient.awaitFresh();
            }
        }
    }

    private void writeAll(Set<String> except) throws Exception {
        for (String table : VIEWS.keySet()) {
            if (!except.contains(table)) {
                database.execute("INSERT INTO " + table + " (id) SELECT coalesce(max(id), 0) + 1 FROM " + table);
            }
        }
    }

    private void awaitFresh(Set<String> except) {
        List<String> views = VIEWS.values().stream()
                .flatMap(List::stream)
                .filter(view -> !except.contains(view))
                .toList();
        String names = views.stream().collect(Collectors.joining("', '", "'", "'"));
        await("something is claimed of each view")
                .untilAsserted(() -> assertThat(database.query(
                                "SELECT s.view_name FROM refreshd.freshness f JOIN refreshd.view_state s USING (view_oid)"
                                        + " WHERE f.watermark IS NOT NULL AND frozen IS NULL AND s.view_name IN ("
                                        + names + ")"))
                        .containsExactlyInAnyOrderElementsOf(views));
        views.forEach(view -> FreshnessWait.await(view, database::query));
    }

    /** A backend that ends is still to be seen for a moment. One that was left behind waits for the lock, which is held meanwhile. */
    private void awaitNoBackendLeft() {
        await("no more sessions than the daemon has").until(() -> sessions() <= MOST_SESSIONS);
    }

    private int sessions() throws Exception {
        return Integer.parseInt(
                String.valueOf(database.query("SELECT count(*) FROM pg_stat_activity WHERE usename = '" + role + "'")
                        .getFirst()));
    }

    private static String view(String name, String query) {
        return "CREATE MATERIALIZED VIEW " + name + " AS " + query + "; CREATE UNIQUE INDEX ON " + name + " (id)";
    }

    private void execute(String... statements) throws SQLException {
        try (Statement statement = other.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }
}
