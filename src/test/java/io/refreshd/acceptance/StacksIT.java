package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.sql.Connection;
import java.sql.Statement;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code hi} stands on {@code lo}, and somebody else refreshes {@code lo}.
 *
 * <p>The change and the refresh by somebody else commit together. So the daemon reads of the change when {@code lo} has it already.
 */
@NullUnmarked // Set before each test.
class StacksIT {
    private TestDatabase database;

    @BeforeEach
    void create() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE t (id int PRIMARY KEY, kind text)", "INSERT INTO t VALUES (1, 'a'), (2, 'a'), (3, 'b')");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    private void stack(String lo) throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW lo AS " + lo,
                "CREATE UNIQUE INDEX ON lo (id)",
                "CREATE MATERIALIZED VIEW hi AS SELECT kind, count(*) AS n FROM lo GROUP BY kind",
                "CREATE UNIQUE INDEX ON hi (kind)");
    }

    private void together(String... statements) throws Exception {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            for (String sql : statements) {
                statement.execute(sql);
            }
            connection.commit();
        }
    }

    private void assertHiIsRightOnceItCountsAsFresh() throws Exception {
        database.query(TestTimeout.waitUntilFresh("hi"));
        assertThat(database.query("SELECT hi::text FROM hi ORDER BY kind"))
                .isEqualTo(database.query(
                        "SELECT row(kind, count(*))::text FROM (SELECT * FROM lo) s GROUP BY kind ORDER BY kind"));
    }

    /** The rows that changed are looked up in lo, where they are already. */
    @ParameterizedTest
    @ValueSource(strings = {"REFRESH MATERIALIZED VIEW lo", "REFRESH MATERIALIZED VIEW CONCURRENTLY lo"})
    void insertAndSomebodysOwnRefreshOfLo(String refresh) throws Exception {
        stack("SELECT id, kind FROM t");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            together("INSERT INTO t VALUES (4, 'c')", refresh);
            assertHiIsRightOnceItCountsAsFresh();
        }
    }

    /** Nothing can be looked up: lo is refreshed, and no row of it changes. */
    @ParameterizedTest
    @ValueSource(strings = {"REFRESH MATERIALIZED VIEW lo", "REFRESH MATERIALIZED VIEW CONCURRENTLY lo"})
    void insertAndSomebodysOwnRefreshOfAnAggregate(String refresh) throws Exception {
        stack("SELECT min(id) AS id, kind FROM t GROUP BY kind HAVING count(*) > 0");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            together("INSERT INTO t VALUES (4, 'c')", refresh);
            assertHiIsRightOnceItCountsAsFresh();
        }
    }

    /** The log has the key alone, and lo, which is asked whether it shows the row, shows it no more. */
    @Test
    void deleteAndSomebodysOwnRefreshOfLo() throws Exception {
        stack("SELECT id, kind FROM t WHERE kind = 'a'");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            together("DELETE FROM t WHERE id = 2", "REFRESH MATERIALIZED VIEW lo");
            assertHiIsRightOnceItCountsAsFresh();
        }
    }

    /** The log shows no changes of an unlogged table. Nothing tells of the refresh but the storage of lo. */
    @Test
    void somebodysOwnRefreshOfLoWhichReadsAnUntrackedSource() throws Exception {
        database.execute("CREATE UNLOGGED TABLE u (id int PRIMARY KEY, kind text)", "INSERT INTO u VALUES (1, 'a')");
        stack("SELECT id, kind FROM u");
        try (RunningDaemon daemon =
                RunningDaemon.start(database, "views: { quiet-period: 50ms, untracked-max-staleness: 1d }")) {
            daemon.awaitFresh();
            together("INSERT INTO u VALUES (2, 'b')", "REFRESH MATERIALIZED VIEW CONCURRENTLY lo");
            await().untilAsserted(() -> assertThat(database.query("SELECT hi::text FROM hi ORDER BY kind"))
                    .containsExactly("(a,1)", "(b,1)"));
        }
    }

    /** A transaction that began before the change takes lo back to what it was then. */
    @Test
    void somebodysOwnRefreshInAnOldSnapshot() throws Exception {
        stack("SELECT id, kind FROM t");
        try (RunningDaemon daemon = RunningDaemon.start(database);
                Connection old = database.connect();
                Statement statement = old.createStatement()) {
            daemon.awaitFresh();
            old.setAutoCommit(false);
            old.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            statement.execute("SELECT FROM t");
            database.execute("INSERT INTO t VALUES (4, 'c')");
            assertHiIsRightOnceItCountsAsFresh();
            statement.execute("REFRESH MATERIALIZED VIEW lo");
            old.commit();
            await().untilAsserted(() ->
                    assertThat(database.query("SELECT id FROM lo ORDER BY id")).containsExactly("1", "2", "3", "4"));
        }
    }

    /** While the daemon was away. */
    @Test
    void somebodysOwnRefreshBetweenTwoRunsOfTheDaemon() throws Exception {
        stack("SELECT id, kind FROM t");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
        }
        together("INSERT INTO t VALUES (4, 'c')", "REFRESH MATERIALIZED VIEW lo");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            assertHiIsRightOnceItCountsAsFresh();
        }
    }

    /** What refreshd does itself, and maintenance, is no refresh by others: views at rest stay at rest. */
    @Test
    void maintenanceAndRefreshesByRefreshdCauseNoRefresh() throws Exception {
        stack("SELECT id, kind FROM t");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            database.execute("INSERT INTO t VALUES (4, 'c')");
            assertHiIsRightOnceItCountsAsFresh();
            daemon.awaitFresh();
            long lo = daemon.refreshes("public.lo");
            long hi = daemon.refreshes("public.hi");
            database.execute("VACUUM lo", "ANALYZE lo", "CREATE INDEX ON lo (kind)", "REINDEX TABLE lo");
            // The index is seen by a poll of the catalog, which looks for refreshes by others too.
            database.execute(
                    "CREATE TABLE seen (id int PRIMARY KEY)",
                    "CREATE MATERIALIZED VIEW last AS SELECT id FROM seen",
                    "CREATE UNIQUE INDEX ON last (id)");
            await().until(() -> daemon.view("public.last").isPresent() && daemon.refreshes("public.last") > 0);
            assertThat(daemon.refreshes("public.lo")).isEqualTo(lo);
            assertThat(daemon.refreshes("public.hi")).isEqualTo(hi);
        }
    }
}
