package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Slow views that are refreshed by the clock again and again. The history tells which refreshes ran at the same time. */
@NullUnmarked // Set before each test.
class FairnessIT {
    private TestDatabase database;

    @BeforeEach
    void create() throws Exception {
        database = TestDatabase.create();
        database.execute("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    private void slow(String name, int seconds) throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW " + name + " AS SELECT 1 AS id, clock_timestamp() AS at FROM pg_sleep("
                        + seconds + ")",
                "CREATE UNIQUE INDEX ON " + name + " (id)");
    }

    @Test
    void twoSlowViewsByTheClockNeverHaveBothPlaces() throws Exception {
        slow("slow_a", 3);
        slow("slow_b", 3);
        database.execute("CREATE MATERIALIZED VIEW quick AS SELECT id FROM t", "CREATE UNIQUE INDEX ON quick (id)");
        try (RunningDaemon daemon = RunningDaemon.start(database, """
                views:
                  quiet-period: 50ms
                  target-lag: 1s
                  overrides:
                    public.slow_*: { max-staleness: 1s }
                """)) {
            await().until(() -> daemon.refreshes("public.slow_a") > 0
                    && daemon.refreshes("public.slow_b") > 0
                    && daemon.refreshes("public.quick") > 0);
            int id = 2;
            while (daemon.refreshes("public.slow_a") < 4 || daemon.refreshes("public.slow_b") < 4) {
                database.execute("INSERT INTO t VALUES (" + id + ")");
                String row = Integer.toString(id++);
                await().until(() -> database.query("SELECT max(id) FROM quick").contains(row));
            }
        }
        assertThat(database.query("""
                WITH runs AS (
                    SELECT view_name, tstzrange(finished_at - duration, finished_at) AS run,
                           row_number() OVER (PARTITION BY view_name ORDER BY id) AS n
                    FROM refreshd.refresh_history WHERE outcome = 'refreshed')
                SELECT a.run || ' and ' || b.run FROM runs a JOIN runs b ON a.run && b.run
                WHERE a.view_name = 'slow_a' AND b.view_name = 'slow_b' AND a.n > 1 AND b.n > 1
                """))
                .as("at the same time, once it was known how long they take")
                .isEmpty();
    }

    /** Whoever may create views needs no more for it. */
    @Test
    void manyNewViewsOfAStrangerDoNotDelayTheFirstRefreshOfAnother() throws Exception {
        String stranger = "stranger_" + database.name();
        database.execute("CREATE ROLE " + stranger);
        try {
            for (int i = 0; i < 8; i++) {
                database.execute(
                        "CREATE MATERIALIZED VIEW a" + i + " AS SELECT 1 AS id FROM pg_sleep(20) WITH NO DATA",
                        "CREATE UNIQUE INDEX ON a" + i + " (id)",
                        "ALTER MATERIALIZED VIEW a" + i + " OWNER TO " + stranger);
            }
            database.execute("CREATE MATERIALIZED VIEW quick AS SELECT id FROM t", "CREATE UNIQUE INDEX ON quick (id)");
            try (RunningDaemon daemon = RunningDaemon.start(database, """
                    views:
                      target-lag: 1s
                      overrides:
                        public.a*: { method: plain }
                    """)) {
                await().until(() -> daemon.refreshes("public.quick") > 0);
                assertThat(
                                database.query(
                                        "SELECT view_name FROM refreshd.freshness WHERE view_name LIKE 'a_' AND refreshed_at IS NOT NULL"))
                        .as("slow views that were refreshed before")
                        .isEmpty();
            }
        } finally {
            database.execute("DROP OWNED BY " + stranger, "DROP ROLE " + stranger);
        }
    }

    @Test
    void threeViewsWhoseRefreshesNeverPauseLetTheOneThatStandsOnThemHaveItsTurn() throws Exception {
        for (String name : new String[] {"low_a", "low_b", "low_c"}) {
            slow(name, 1);
        }
        database.execute(
                "CREATE MATERIALIZED VIEW high AS SELECT a.id, a.at, b.at AS b, c.at AS c"
                        + " FROM low_a a, low_b b, low_c c",
                "CREATE UNIQUE INDEX ON high (id)");
        try (RunningDaemon daemon = RunningDaemon.start(database, """
                views:
                  quiet-period: 50ms
                  target-lag: 2s
                  overrides:
                    public.low_*: { max-staleness: 200ms }
                """)) {
            await().until(() -> daemon.refreshes("public.high") > 3
                    || daemon.refreshes("public.low_a") > 40
                    || daemon.refreshes("public.low_b") > 40);
            assertThat(daemon.refreshes("public.high")).isGreaterThan(3);
        }
        assertThat(database.query("""
                WITH turns AS (
                    SELECT view_name, count(*) FILTER (WHERE view_name = 'high') OVER (ORDER BY id) AS turn
                    FROM refreshd.refresh_history WHERE outcome = 'refreshed')
                SELECT view_name || ' ' || count(*) FROM turns WHERE turn > 0 AND view_name <> 'high'
                GROUP BY view_name, turn HAVING count(*) > 6
                """))
                .as("more than six refreshes of one between two of the view that stands on it")
                .isEmpty();
    }
}
