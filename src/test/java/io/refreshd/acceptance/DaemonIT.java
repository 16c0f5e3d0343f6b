package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import io.refreshd.report.StreamPhase;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The path of a change from its commit to the views, with the daemon in the JVM of the test and a real PostgreSQL. */
class DaemonIT {
    private TestDatabase database;

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, role text NOT NULL, v text, note text)",
                "INSERT INTO main SELECT i, CASE i % 2 WHEN 0 THEN 'a' ELSE 'b' END, 'v' || i FROM generate_series(1, 100) i",
                "CREATE MATERIALIZED VIEW role_a AS SELECT id, v FROM main WHERE role = 'a'",
                "CREATE UNIQUE INDEX ON role_a (id)",
                "CREATE MATERIALIZED VIEW role_b AS SELECT id, v FROM main WHERE role = 'b'",
                "CREATE UNIQUE INDEX ON role_b (id)");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @Test
    void aCommitBecomesVisibleInTheViewsThatItAffects() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            database.execute("INSERT INTO main VALUES (1001, 'a', 'new')");
            awaitRows("role_a", "SELECT v FROM role_a WHERE id = 1001", "new");
            database.execute("UPDATE main SET role = 'b' WHERE id = 1001");
            awaitRows("role_b", "SELECT v FROM role_b WHERE id = 1001", "new");
            database.execute("DELETE FROM main WHERE id = 1001");
            await().until(() ->
                    database.query("SELECT v FROM role_b WHERE id = 1001").isEmpty());
            daemon.awaitFresh();
            assertEqualAndCovered(daemon);
        }
    }

    @Test
    void aFirstStartCostsEachViewOneRefresh() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            assertThat(daemon.refreshes("public.role_a")).isEqualTo(1);
            assertThat(daemon.refreshes("public.role_b")).isEqualTo(1);
        }
    }

    @Test
    void aBurstCostsEachViewOneRefresh() throws Exception {
        // Nothing but the request below ends the burst: on a busy machine a pause between two writes can last seconds.
        try (RunningDaemon daemon = RunningDaemon.start(database, "views: { quiet-period: 10m, target-lag: 20m }")) {
            daemon.awaitFresh();
            long before = daemon.refreshes("public.role_a");
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                for (int i = 0; i < 200; i++) {
                    statement.execute("UPDATE main SET v = 'burst " + i + "' WHERE id = 2");
                }
            }
            FreshnessWait.await("role_a", database::query);
            assertThat(database.query("SELECT v FROM role_a WHERE id = 2")).containsExactly("burst 199");
            daemon.awaitFresh();
            assertThat(daemon.refreshes("public.role_a") - before).isEqualTo(1);
        }
    }

    @Test
    void aTruncateIsCaptured() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            database.execute("TRUNCATE main");
            await().until(() -> database.query("SELECT count(*) FROM role_a").equals(java.util.List.of("0")));
        }
    }

    @Test
    void aColumnThatNoViewReadsCausesNothing() throws Exception {
        database.execute("ALTER TABLE main REPLICA IDENTITY FULL");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            long before = daemon.refreshes("public.role_a") + daemon.refreshes("public.role_b");
            database.execute("UPDATE main SET note = 'nobody reads this'");
            awaitAvoided(daemon, "role_b", Notice.Avoided.COLUMN);
            database.execute("UPDATE main SET v = 'seen' WHERE id = 2");
            awaitRows("role_a", "SELECT v FROM role_a WHERE id = 2", "seen");
            daemon.awaitFresh();
            // The second update changed a row with role a.
            assertThat(daemon.refreshes("public.role_a") + daemon.refreshes("public.role_b") - before)
                    .isEqualTo(1);
        }
    }

    @Test
    void rowsOfAnotherRoleCauseNothing() throws Exception {
        database.execute("ALTER TABLE main REPLICA IDENTITY FULL");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            long before = daemon.refreshes("public.role_b");
            database.execute("UPDATE main SET v = 'of a' WHERE id = 2");
            awaitRows("role_a", "SELECT v FROM role_a WHERE id = 2", "of a");
            awaitAvoided(daemon, "role_b", Notice.Avoided.DISCRIMINATOR);
            assertThat(daemon.refreshes("public.role_b")).isEqualTo(before);
            database.execute("UPDATE main SET role = 'b' WHERE id = 2");
            awaitRows("role_b", "SELECT v FROM role_b WHERE id = 2", "of a");
            daemon.awaitFresh();
            assertEqualAndCovered(daemon);
        }
    }

    /**
     * Without REPLICA IDENTITY FULL the log shows neither the changed columns nor the old role, but the rows can be looked
     * up.
     */
    @Test
    void aViewThatHoldsWhatItShouldIsNotRefreshed() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            long before = daemon.refreshes("public.role_a") + daemon.refreshes("public.role_b");
            database.execute("UPDATE main SET note = 'nobody reads this' WHERE id = 2");
            awaitAvoided(daemon, "role_a", Notice.Avoided.LOOKUP);
            // The row was never in role_b: a query of the view shows that.
            awaitAvoided(daemon, "role_b", Notice.Avoided.DISCRIMINATOR);
            daemon.awaitFresh();
            assertThat(daemon.refreshes("public.role_a") + daemon.refreshes("public.role_b"))
                    .isEqualTo(before);
            database.execute("DELETE FROM main WHERE id = 2");
            await().until(() ->
                    database.query("SELECT v FROM role_a WHERE id = 2").isEmpty());
            daemon.awaitFresh();
            assertEqualAndCovered(daemon);
        }
    }

    /** A look-up needs the log to be read up to its snapshot. That must not take until the next heartbeat. */
    @Test
    void aLookUpDoesNotWaitForAHeartbeat() throws Exception {
        String yaml = RunningDaemon.configuration(database.url(), database.slot(), "")
                .replaceFirst("heartbeat-interval: \\S+", "heartbeat-interval: 5m");
        try (RunningDaemon daemon = RunningDaemon.start(yaml)) {
            daemon.awaitFresh();
            long before = daemon.refreshes("public.role_a");
            for (int i = 1; i <= 3; i++) {
                int avoided = i;
                database.execute("UPDATE main SET note = 'nobody reads this' WHERE id = 2");
                await().until(() -> avoided(daemon, "role_a", Notice.Avoided.LOOKUP) == avoided);
            }
            assertThat(daemon.refreshes("public.role_a")).isEqualTo(before);
        }
    }

    @Test
    void partitionsAreFollowed() throws Exception {
        database.execute(
                "CREATE TABLE events (id int, day int, v text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
                "CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10)",
                "CREATE MATERIALIZED VIEW all_events AS SELECT id, day, v FROM events",
                "CREATE UNIQUE INDEX ON all_events (id, day)");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            database.execute("INSERT INTO events VALUES (1, 5, 'first')");
            awaitRows("all_events", "SELECT v FROM all_events WHERE id = 1", "first");
            database.execute(
                    "CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (10) TO (20)",
                    "INSERT INTO events VALUES (2, 15, 'second')");
            awaitRows("all_events", "SELECT v FROM all_events WHERE id = 2", "second");
            database.execute("ALTER TABLE events DETACH PARTITION events_1");
            await().until(() ->
                    database.query("SELECT v FROM all_events WHERE id = 1").isEmpty());
        }
    }

    @Test
    void aStackedViewFollowsWhatItStandsOn() throws Exception {
        database.execute(
                "CREATE VIEW between AS SELECT id, v FROM role_a",
                "CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n, max(v) AS v FROM between",
                "CREATE UNIQUE INDEX ON counted (n)");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            database.execute("INSERT INTO main VALUES (1002, 'a', 'zzz')");
            awaitRows("counted", "SELECT v FROM counted", "zzz");
            daemon.awaitFresh();
            long stacked = daemon.refreshes("public.counted");
            // role_a equals its definition already, so the view that reads role_a is not refreshed.
            database.execute("UPDATE main SET note = 'x' WHERE id = 1002");
            awaitAvoided(daemon, "role_a", Notice.Avoided.LOOKUP);
            daemon.awaitFresh();
            assertThat(daemon.refreshes("public.counted")).isEqualTo(stacked);
            assertEqualAndCovered(daemon);
        }
    }

    @Test
    void anOpenTransactionBesideItDoesNotHoldItUp() throws Exception {
        database.execute("CREATE TABLE elsewhere (id int)");
        try (RunningDaemon daemon = RunningDaemon.start(database);
                Connection open = database.connect();
                Statement statement = open.createStatement()) {
            open.setAutoCommit(false);
            statement.execute("INSERT INTO elsewhere VALUES (1)");
            daemon.awaitFresh();
            database.execute("UPDATE main SET v = 'beside' WHERE id = 2");
            awaitRows("role_a", "SELECT v FROM role_a WHERE id = 2", "beside");
            daemon.awaitFresh();
            open.rollback();
        }
    }

    @Test
    void viewsComeAndGoWhileItRuns() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            database.execute(
                    "CREATE TABLE other (id int PRIMARY KEY, v text)",
                    "CREATE MATERIALIZED VIEW \"Odd \"\"Name\"\".größe\" AS SELECT id, v FROM other",
                    "CREATE UNIQUE INDEX ON \"Odd \"\"Name\"\".größe\" (id)");
            await().until(() -> daemon.view("public.\"Odd \"\"Name\"\".größe\"").isPresent());
            daemon.awaitFresh();
            database.execute("INSERT INTO other VALUES (1, 'live')");
            awaitRows("odd", "SELECT v FROM \"Odd \"\"Name\"\".größe\"", "live");
            database.execute("ALTER MATERIALIZED VIEW \"Odd \"\"Name\"\".größe\" RENAME TO renamed");
            await().until(() -> daemon.view("public.renamed").isPresent()
                    && daemon.view("public.\"Odd \"\"Name\"\".größe\"").isEmpty());
            database.execute("UPDATE other SET v = 'renamed'");
            awaitRows("renamed", "SELECT v FROM renamed", "renamed");
            database.execute(
                    "DROP MATERIALIZED VIEW renamed",
                    "CREATE MATERIALIZED VIEW renamed AS SELECT id, v || '!' AS v FROM other",
                    "CREATE UNIQUE INDEX ON renamed (id)");
            database.execute("UPDATE other SET v = 'again'");
            awaitRows("renamed", "SELECT v FROM renamed", "again!");
            database.execute("DROP MATERIALIZED VIEW renamed");
            await().until(() -> daemon.view("public.renamed").isEmpty());
            daemon.awaitFresh();
        }
    }

    @Test
    void aViewThatCannotBeRefreshedIsSuspendedUntilItsCauseIsGone() throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW bare AS SELECT id, v FROM main",
                "CREATE MATERIALIZED VIEW empty AS SELECT id FROM main WITH NO DATA",
                "CREATE UNIQUE INDEX ON empty (id)");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitPhase("public.bare", ViewPhase.SUSPENDED);
            daemon.awaitPhase("public.empty", ViewPhase.SUSPENDED);
            daemon.awaitPhase("public.role_a", ViewPhase.FRESH);
            Remedy remedy = daemon.view("public.bare")
                    .flatMap(ViewStatus::reason)
                    .map(Obstacle::remedy)
                    .orElseThrow();
            assertThat(remedy.toString()).contains("CREATE UNIQUE INDEX ON \"public\".\"bare\"");
            assertThat(database.query(
                            "SELECT state || ': ' || remedy FROM refreshd.freshness WHERE view_name = 'bare'"))
                    .containsExactly("suspended: " + remedy);
            database.execute("CREATE UNIQUE INDEX ON bare (id)", "REFRESH MATERIALIZED VIEW empty");
            database.execute("UPDATE main SET v = 'repaired' WHERE id = 2");
            awaitRows("bare", "SELECT v FROM bare WHERE id = 2", "repaired");
            daemon.awaitFresh();
            assertThat(database.query(
                            "SELECT state FROM refreshd.freshness WHERE view_name = 'bare' AND reason IS NULL"))
                    .containsExactly("fresh");
        }
    }

    @Test
    void aTableWithoutIdentityIsNotPublishedAndItsViewIsRefreshedByTime() throws Exception {
        database.execute(
                "CREATE TABLE keyless (v text)",
                "CREATE MATERIALIZED VIEW of_keyless AS SELECT v FROM keyless",
                "CREATE UNIQUE INDEX ON of_keyless (v)",
                "INSERT INTO keyless VALUES ('x')");
        try (RunningDaemon daemon =
                RunningDaemon.start(database, "views: { quiet-period: 50ms, untracked-max-staleness: 1s }")) {
            daemon.awaitPhase("public.of_keyless", ViewPhase.UNTRACKED);
            database.execute("UPDATE keyless SET v = 'the application may still do this'");
            awaitRows("of_keyless", "SELECT v FROM of_keyless", "the application may still do this");
            assertThat(daemon.view("public.of_keyless").orElseThrow()).satisfies(view -> {
                assertThat(view.watermark()).isEmpty();
                assertThat(view.reason().map(Obstacle::remedy).orElseThrow().toString())
                        .contains("REPLICA IDENTITY");
            });
            assertThat(database.query("SELECT tablename FROM pg_publication_tables"))
                    .doesNotContain("keyless");
        }
    }

    /** Until the next poll of the catalog an UPDATE of the application fails, as with any publication. */
    @Test
    void aTableThatLosesItsKeyLeavesThePublicationSoThatTheApplicationCanWrite() throws Exception {
        try (RunningDaemon daemon =
                RunningDaemon.start(database, "views: { quiet-period: 50ms, untracked-max-staleness: 1s }")) {
            daemon.awaitFresh();
            database.execute("ALTER TABLE main DROP CONSTRAINT main_pkey");
            await().until(() -> !database.query("SELECT tablename FROM pg_publication_tables")
                    .contains("main"));
            database.execute("UPDATE main SET v = 'without a key' WHERE id = 2");
            awaitRows("role_a", "SELECT v FROM role_a WHERE id = 2", "without a key");
            assertThat(daemon.view("public.role_a").orElseThrow().watermark()).isEmpty();

            database.execute("ALTER TABLE main ADD PRIMARY KEY (id)");
            await().until(() ->
                    daemon.view("public.role_a").flatMap(ViewStatus::watermark).isPresent());
        }
    }

    @Test
    void startsWithNothingAndPicksUpTheFirstView() throws Exception {
        database.execute("DROP MATERIALIZED VIEW role_a, role_b");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            assertThat(daemon.daemon().status().stream().phase()).isEqualTo(StreamPhase.STREAMING);
            assertThat(daemon.notices()).contains(new Notice.ViewsFound(0, List.of("*.*")));
            database.execute(
                    "CREATE MATERIALIZED VIEW first AS SELECT id, v FROM main", "CREATE UNIQUE INDEX ON first (id)");
            await().until(() -> daemon.view("public.first").isPresent());
            database.execute("UPDATE main SET v = 'seen' WHERE id = 1");
            awaitRows("first", "SELECT v FROM first WHERE id = 1", "seen");
        }
    }

    @Test
    void whatWasCommittedWhileItWasAwayIsBroughtIn() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
        }
        database.execute("UPDATE main SET v = 'while away' WHERE id = 2");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            awaitRows("role_a", "SELECT v FROM role_a WHERE id = 2", "while away");
            daemon.awaitFresh();
            assertThat(daemon.notices()).noneMatch(Notice.GapFound.class::isInstance);
        }
    }

    @Test
    void aSlotThatWasReplacedIsAGapThatCostsOneRefresh() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
        }
        awaitSlotReleased();
        database.execute(
                "SELECT pg_drop_replication_slot('" + database.slot() + "')",
                "UPDATE main SET v = 'unseen' WHERE id = 2",
                "SELECT pg_create_logical_replication_slot('" + database.slot() + "', 'pgoutput')");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            awaitRows("role_a", "SELECT v FROM role_a WHERE id = 2", "unseen");
            daemon.awaitFresh();
            assertThat(daemon.notices()).contains(new Notice.GapFound("slot-ahead"));
        }
    }

    @Test
    void noWatermarkPassesAChangeOfATableOutsideThePublication() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            for (int i = 0; i < 5; i++) {
                String unseen = "unseen " + i;
                database.execute(
                        "ALTER PUBLICATION refreshd DROP TABLE main",
                        "UPDATE main SET v = '" + unseen + "' WHERE id = 2",
                        "ALTER PUBLICATION refreshd ADD TABLE main");
                String committed =
                        database.query("SELECT pg_current_wal_insert_lsn()").getFirst();
                await().until(() -> {
                    // One snapshot for the watermark and for the content of the view.
                    String seen = database.query("SELECT (SELECT coalesce(watermark >= '" + committed
                                    + "', false) FROM refreshd.freshness WHERE view_name = 'role_a')"
                                    + " || ' ' || (SELECT v FROM role_a WHERE id = 2)")
                            .getFirst();
                    if (seen.startsWith("true")) {
                        assertThat(seen).isEqualTo("true " + unseen);
                    }
                    return seen.startsWith("true");
                });
            }
        }
    }

    @Test
    void aQuietDatabaseMovesTheSlotAndTheWatermarks() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            String before = database.query("SELECT pg_current_wal_lsn()").getFirst();
            await().until(() -> database.query("SELECT confirmed_flush_lsn > '" + before
                            + "' FROM pg_replication_slots WHERE slot_name = '" + database.slot() + "'")
                    .equals(java.util.List.of("t")));
            await().until(() -> database.query("SELECT bool_and(watermark > '" + before + "') FROM refreshd.freshness")
                    .equals(java.util.List.of("t")));
        }
    }

    /** The walsender of a closed connection holds the slot until it notices. */
    private void awaitSlotReleased() {
        await().until(() -> database.query(
                        "SELECT active FROM pg_replication_slots WHERE slot_name = '" + database.slot() + "'")
                .equals(java.util.List.of("f")));
    }

    private void awaitRows(String what, String sql, String expected) {
        await(what).untilAsserted(() -> assertThat(database.query(sql)).containsExactly(expected));
    }

    private void assertEqualAndCovered(RunningDaemon daemon) throws Exception {
        String committed = database.query("SELECT pg_current_wal_insert_lsn()").getFirst();
        await().until(() -> database.query("SELECT bool_and(watermark >= '" + committed + "') FROM refreshd.freshness")
                .equals(java.util.List.of("t")));
        daemon.awaitFresh();
        for (String view : database.query("SELECT matviewname FROM pg_matviews WHERE schemaname = 'public'")) {
            String definition = database.query(
                            "SELECT rtrim(definition, ';') FROM pg_matviews WHERE matviewname = '" + view + "'")
                    .getFirst();
            assertThat(database.query("(TABLE " + view + " EXCEPT ALL " + definition + ") UNION ALL (" + definition
                            + " EXCEPT ALL TABLE " + view + ")"))
                    .as(view)
                    .isEmpty();
        }
    }

    private static void awaitAvoided(RunningDaemon daemon, String view, Notice.Avoided reason) {
        await().until(() -> avoided(daemon, view, reason) > 0);
    }

    private static long avoided(RunningDaemon daemon, String view, Notice.Avoided reason) {
        return daemon.notices().stream()
                .filter(notice -> notice instanceof Notice.RefreshAvoided avoided
                        && avoided.reason() == reason
                        && avoided.views().contains(new ViewId("public", view)))
                .count();
    }
}
