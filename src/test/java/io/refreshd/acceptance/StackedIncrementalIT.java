package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.refreshd.incremental.Conversion;
import io.refreshd.incremental.ReverseConversion;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.ViewId;
import io.refreshd.report.ViewPhase;
import io.refreshd.testing.DaemonProcess;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.Slots;
import io.refreshd.testing.TestDatabase;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Incremental views that read incremental views. One database and one daemon serve all cases: {@code listed} and {@code per_grp} read the
 * tables, {@code joined} reads these two, {@code by_sum} reads {@code joined}, and {@code counted} is a materialized view of that.
 *
 * <p>Invariant: rounds of these four views go by keys unless a case asks for more ({@code full-recompute: never}). Otherwise a slow
 * machine would choose between keys and everything.
 */
@NullUnmarked // Set before the first test.
class StackedIncrementalIT {
    private static final List<String> VIEWS = List.of("listed", "per_grp", "joined", "by_sum");

    private static TestDatabase database;
    private static RunningDaemon daemon;

    @BeforeAll
    static void create() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE items (id int PRIMARY KEY, grp int, v int NOT NULL, kind int)",
                "CREATE TABLE kinds (id int PRIMARY KEY, name text)",
                "INSERT INTO kinds SELECT i, 'kind ' || i FROM generate_series(0, 4) i",
                "INSERT INTO items SELECT i, nullif(i % 20, 0), i, i % 5 FROM generate_series(1, 2000) i",
                "CREATE INDEX ON items (grp)");
        try (RunningDaemon first = RunningDaemon.start(database)) {
            makeViews(first);
        }
        daemon = RunningDaemon.start(
                database,
                VIEWS.stream()
                        .map(view -> "public." + view + ": { full-recompute: never }")
                        .collect(Collectors.joining(", ", "views: { quiet-period: 50ms, overrides: { ", " } }")));
    }

    private static void makeViews(RunningDaemon first) throws Exception {
        make("listed", "SELECT i.id, i.grp, i.v, k.name FROM items i JOIN kinds k ON k.id = i.kind");
        make("per_grp", "SELECT grp, count(*) AS n, sum(v) AS s FROM items GROUP BY grp");
        database.execute("CREATE VIEW sums AS SELECT grp, s FROM per_grp");
        make("joined", "SELECT l.id, l.grp, l.name, g.s FROM listed l LEFT JOIN sums g ON g.grp = l.grp");
        make("by_sum", "SELECT s, count(*) AS n, min(id) AS first FROM joined GROUP BY s");
        database.execute(
                "CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS sums, sum(n) AS n FROM by_sum",
                "CREATE UNIQUE INDEX ON counted (n)");
        for (String view : VIEWS) {
            first.awaitPhase("public." + view, ViewPhase.FRESH);
            await().until(() -> one("SELECT refreshes > 0 FROM refreshd.view_state WHERE view_name = '" + view + "'")
                    .equals("t"));
            FreshnessWait.await(view, database::query);
        }
        FreshnessWait.await("counted", database::query);
    }

    @AfterAll
    static void drop() throws Exception {
        daemon.close();
        database.close();
    }

    private static void make(String view, String query) throws Exception {
        database.execute("CREATE MATERIALIZED VIEW " + view + " AS " + query);
        convert(view);
    }

    private static void convert(String view) throws Exception {
        try (Handle handle = database.open()) {
            Conversion.forward(handle, new ViewId("public", view));
        }
    }

    private static String one(String sql) throws Exception {
        return String.valueOf(database.query(sql).getFirst());
    }

    private static String last(String view) throws Exception {
        return one("SELECT coalesce(detail, '-') FROM refreshd.refresh_history WHERE view_name = '" + view
                + "' ORDER BY id DESC LIMIT 1");
    }

    private static String store(String view) throws Exception {
        return one("SELECT store_oid::regclass::text FROM refreshd.incremental_view WHERE view_oid = '" + view
                + "'::regclass");
    }

    private static void ask(String kind, String view) throws Exception {
        database.execute("INSERT INTO refreshd.request (kind, view_oid) VALUES ('" + kind + "', '" + view
                + "'::regclass); SELECT pg_logical_emit_message(true, 'refreshd:request', '')");
    }

    /** Resumes a view, and waits until the ledger says so: a wait for a view that it calls paused or suspended fails at once. */
    private static void resume(String view) throws Exception {
        ask("resume", view);
        await().until(() ->
                one("SELECT NOT paused AND suspended_what IS NULL FROM refreshd.view_state WHERE view_name = '" + view
                                + "'")
                        .equals("t"));
    }

    /** Everything is as the tables say: no view is compared with what another view holds. */
    private static void assertRight() throws Exception {
        FreshnessWait.await("counted", database::query);
        FreshnessWait.await("by_sum", database::query);
        String both = "SELECT i.id, i.grp, k.name, g.s FROM items i JOIN kinds k ON k.id = i.kind"
                + " LEFT JOIN (SELECT grp, sum(v) AS s FROM items GROUP BY grp) g ON g.grp = i.grp";
        assertThat(database.query(
                        "(TABLE joined EXCEPT ALL (" + both + ")) UNION ALL ((" + both + ") EXCEPT ALL TABLE joined)"))
                .isEmpty();
        String bySum = "SELECT s, count(*) AS n, min(id) AS first FROM (" + both + ") b GROUP BY s";
        assertThat(database.query("(TABLE by_sum EXCEPT ALL (" + bySum + ")) UNION ALL ((" + bySum
                        + ") EXCEPT ALL TABLE by_sum)"))
                .isEmpty();
        assertThat(database.query("TABLE counted")).isEqualTo(database.query("SELECT count(*), sum(n) FROM by_sum"));
    }

    @Test
    void aChangedRowIsCarriedUpTheStackByKeysInOneRound() throws Exception {
        database.execute("UPDATE items SET v = v + 1 WHERE id = 3");
        assertRight();
        assertThat(last("listed")).isEqualTo("1 key recomputed");
        assertThat(last("per_grp")).isEqualTo("1 key recomputed");
        assertThat(last("joined")).isEqualTo("100 keys recomputed");
        assertThat(last("by_sum")).isEqualTo("2 keys recomputed");
        assertThat(one("SELECT count(*) FROM refreshd.missed_rows")).isEqualTo("0");
    }

    @Test
    void groupsOfNullRowsThatMoveAndATruncatedTableAreCarriedUp() throws Exception {
        database.execute("UPDATE items SET grp = NULL WHERE id = 5");
        assertRight();
        database.execute(
                "BEGIN; DELETE FROM items WHERE id = 5; UPDATE items SET grp = 100, v = v + 1 WHERE id IN (6, 20);"
                        + " INSERT INTO items VALUES (5000, NULL, 1, 1); UPDATE kinds SET name = 'other' WHERE id = 2; COMMIT");
        assertRight();
        database.execute("DELETE FROM items WHERE grp = 100");
        assertRight();
        assertThat(one("SELECT count(*) FROM joined WHERE grp = 100")).isEqualTo("0");
        database.execute("CREATE TABLE kept AS TABLE items; TRUNCATE items");
        recomputeWhatWasForbidden();
        assertRight();
        assertThat(one("SELECT count(*) FROM joined")).isEqualTo("0");
        database.execute("INSERT INTO items TABLE kept; DROP TABLE kept");
        assertRight();
        assertThat(one("SELECT count(*) > 1900 FROM joined")).isEqualTo("t");
    }

    /** Recomputes the lower views as a whole, which are suspended since the keys of what changed are not known. */
    private static void recomputeWhatWasForbidden() throws Exception {
        for (String view : List.of("listed", "per_grp")) {
            daemon.awaitPhase("public." + view, ViewPhase.SUSPENDED);
        }
        resume("listed");
        resume("per_grp");
    }

    /**
     * Views that one round corrected agree. A view that has a round of its own, since one before failed, may be behind for a moment; then
     * the same snapshot shows what is kept for it.
     */
    @Test
    void readersSeeTheArmsOfADiamondAndItsTopAgree() throws Exception {
        assertRight();
        String failures = "SELECT count(*) FROM refreshd.refresh_history WHERE outcome = 'failed'";
        String before = one(failures);
        AtomicBoolean done = new AtomicBoolean();
        AtomicInteger apart = new AtomicInteger();
        String kept = "(SELECT count(*) FROM refreshd.missed_rows WHERE view_oid = '%s'::regclass)";
        CompletableFuture<Integer> reader = CompletableFuture.supplyAsync(() -> {
            int reads = 0;
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                while (!done.get()) {
                    try (ResultSet row = statement.executeQuery("SELECT (SELECT count(*) FROM joined j JOIN per_grp g"
                            + " ON g.grp = j.grp WHERE j.s <> g.s), (SELECT count(*) FROM joined j JOIN listed l USING (id)"
                            + " WHERE j.name <> l.name), (SELECT sum(n) FROM by_sum) - (SELECT count(*) FROM joined),"
                            + " (SELECT count(DISTINCT name) FROM listed WHERE id IN (101, 201)) - 1, "
                            + kept.formatted("joined") + ", " + kept.formatted("by_sum"))) {
                        row.next();
                        assertThat(row.getInt(4)).isZero();
                        boolean joinedDiffers = row.getInt(1) != 0 || row.getInt(2) != 0;
                        boolean bySumDiffers = row.getInt(3) != 0;
                        if (joinedDiffers) {
                            assertThat(row.getInt(5)).as("kept for joined").isPositive();
                        }
                        if (bySumDiffers) {
                            assertThat(row.getInt(6)).as("kept for by_sum").isPositive();
                        }
                        if (joinedDiffers || bySumDiffers) {
                            apart.incrementAndGet();
                        }
                    }
                    reads++;
                }
            } catch (Exception e) {
                throw new AssertionError(e);
            }
            return reads;
        });
        try {
            for (int i = 1; i <= 60; i++) {
                database.execute("UPDATE items SET v = v + 1, kind = " + i % 5 + " WHERE id IN (101, 201)");
                if (i % 10 == 0) {
                    assertRight();
                }
            }
        } finally {
            done.set(true);
        }
        assertThat(reader.join()).isPositive();
        assertRight();
        if (apart.get() > 0) {
            assertThat(one(failures)).as("what took views out of their round").isNotEqualTo(before);
        }
    }

    @Test
    void aLowerViewThatFailsKeepsTheUpperFromClaimingMore() throws Exception {
        String store = store("listed");
        database.execute("ALTER TABLE " + store + " ADD CONSTRAINT none CHECK (v <> -1)");
        database.execute("UPDATE items SET v = -1 WHERE id = 7");
        await().until(() ->
                one("SELECT count(*) FROM refreshd.refresh_history WHERE view_name = 'listed' AND outcome = 'failed'")
                        .matches("[1-9].*"));
        FreshnessWait.await("per_grp", database::query);
        String position = one("SELECT pg_current_wal_insert_lsn()");
        database.execute("UPDATE items SET v = v + 1 WHERE id = 8");
        FreshnessWait.await("per_grp", database::query);
        assertThat(one("SELECT count(*) FROM refreshd.freshness WHERE view_name IN ('listed', 'joined', 'by_sum')"
                        + " AND watermark >= '" + position + "'"))
                .isEqualTo("0");
        assertThat(one("SELECT v FROM listed WHERE id = 7")).isEqualTo("7");
        database.execute("ALTER TABLE " + store + " DROP CONSTRAINT none");
        resume("listed");
        assertRight();
    }

    @Test
    void aViewThatIsPausedGetsWhatItMissedByKeys() throws Exception {
        ask("pause", "joined");
        daemon.awaitPhase("public.joined", ViewPhase.PAUSED);
        database.execute("UPDATE items SET v = v + 1 WHERE id = 9");
        FreshnessWait.await("per_grp", database::query);
        database.execute("UPDATE items SET v = v + 1 WHERE id = 10");
        FreshnessWait.await("per_grp", database::query);
        await().until(() -> one("SELECT count(*) FROM refreshd.missed_rows WHERE view_oid = 'joined'::regclass")
                .equals("4"));
        resume("joined");
        assertRight();
        assertThat(last("joined")).isEqualTo("200 keys recomputed");
        assertThat(one("SELECT count(*) FROM refreshd.missed_rows")).isEqualTo("0");
        ask("pause", "per_grp");
        daemon.awaitPhase("public.per_grp", ViewPhase.PAUSED);
        String position = one("SELECT pg_current_wal_insert_lsn()");
        database.execute("UPDATE items SET v = v + 1, kind = 1 WHERE id = 12");
        FreshnessWait.await("listed", database::query);
        await().until(() -> one("SELECT name FROM joined WHERE id = 12").equals("kind 1"));
        assertThat(one("SELECT count(*) FROM refreshd.freshness WHERE view_name IN ('per_grp', 'joined', 'by_sum')"
                        + " AND watermark > '" + position + "'"))
                .as("what the upper view claims while a lower one is paused")
                .isEqualTo("0");
        resume("per_grp");
        assertRight();
    }

    @Test
    void whatALowerViewMissedReachesTheUpperOneThoughItWasRecomputedAsAWhole() throws Exception {
        database.execute("UPDATE items SET v = v + 1 WHERE id = 13");
        ask("refresh", "per_grp");
        assertRight();
        assertThat(last("joined")).isEqualTo("100 keys recomputed");
    }

    private static void awaitWaiting(TestDatabase in, String lock) {
        await(lock)
                .until(() -> in.query("SELECT count(*) FROM pg_locks WHERE NOT granted AND " + lock)
                        .equals(List.of("1")));
    }

    @Test
    void aLowerViewIsConvertedBackOnlyAfterTheUpperOne() throws Exception {
        try (Handle handle = database.open()) {
            assertThatThrownBy(() -> ReverseConversion.back(handle, new ViewId("public", "per_grp")))
                    .isInstanceOfSatisfying(
                            PrerequisitesMissingException.class,
                            e -> assertThat(e.obstacles()).hasSize(1).allSatisfy(obstacle -> {
                                assertThat(obstacle.what())
                                        .isEqualTo("the incremental view public.joined stands on public.per_grp");
                                assertThat(obstacle.remedy().text())
                                        .isEqualTo("refreshd convert public.joined --back --apply");
                            }));
        }
        assertRight();
    }

    /**
     * In the ledger {@code low} is dirty, and all others are clean. {@code top} was brought up to date with {@code low}. {@code chosen} has lost
     * a row by a change that the daemon had not read yet, so that the next one finds the view without that row.
     */
    @Test
    void killedBetweenRowsAndLedgerNothingIsLostForTheUpperViews(@TempDir Path folder) throws Exception {
        try (TestDatabase other = TestDatabase.create()) {
            other.execute(
                    "CREATE TABLE t (id int PRIMARY KEY, v int)",
                    "INSERT INTO t SELECT i, i % 3 FROM generate_series(1, 9) i",
                    "CREATE MATERIALIZED VIEW low AS SELECT id, v FROM t",
                    "CREATE TABLE roles (id int PRIMARY KEY, role text)",
                    "INSERT INTO roles VALUES (1, 'a'), (2, 'a'), (3, 'b')",
                    "CREATE MATERIALIZED VIEW chosen AS SELECT id FROM roles WHERE role = 'a'",
                    "CREATE UNIQUE INDEX ON chosen (id)",
                    "CREATE TABLE first (id int PRIMARY KEY)",
                    "CREATE MATERIALIZED VIEW earlier AS SELECT id FROM first",
                    "CREATE UNIQUE INDEX ON earlier (id)");
            String configuration =
                    RunningDaemon.configuration(other.url(), other.slot(), "refresh: { lock-timeout: 60s }");
            try (RunningDaemon first = RunningDaemon.start(configuration);
                    Handle handle = other.open()) {
                Conversion.forward(handle, new ViewId("public", "low"));
                Conversion.forward(handle, new ViewId("public", "chosen"));
                for (String top : List.of("top", "rested")) {
                    other.execute("CREATE MATERIALIZED VIEW " + top + " AS SELECT v, count(*) FROM low GROUP BY v");
                    Conversion.forward(handle, new ViewId("public", top));
                }
                other.execute(
                        "CREATE MATERIALIZED VIEW above_top AS SELECT v, count FROM top",
                        "CREATE UNIQUE INDEX ON above_top (v)",
                        "CREATE MATERIALIZED VIEW above_chosen AS SELECT count(*) FROM chosen",
                        "CREATE UNIQUE INDEX ON above_chosen (count)");
                for (String view : List.of("low", "top", "rested", "chosen", "above_top", "above_chosen", "earlier")) {
                    await().until(() -> other.query(
                                    "SELECT refreshes > 0 FROM refreshd.view_state WHERE view_name = '" + view + "'")
                            .equals(List.of("t")));
                    // Otherwise the log may have more to say of the conversion, which would invalidate what the view
                    // holds.
                    FreshnessWait.await(view, other::query);
                }
                other.execute("INSERT INTO refreshd.request (kind, view_oid) VALUES ('pause', 'rested'::regclass);"
                        + " SELECT pg_logical_emit_message(true, 'refreshd:request', '')");
                first.awaitPhase("public.rested", ViewPhase.PAUSED);
            }
            try (DaemonProcess killed = DaemonProcess.of(DaemonProcess.write(folder, configuration))
                            .start();
                    Connection locking = other.connect();
                    Statement statement = locking.createStatement();
                    Connection gate = other.connect();
                    Statement atGate = gate.createStatement()) {
                locking.setAutoCommit(false);
                gate.setAutoCommit(false);
                // Whatever else is refreshed at the start would wait for the lock, in the place of a round.
                for (String view : List.of("top", "chosen", "above_top", "above_chosen", "earlier")) {
                    FreshnessWait.await(view, other::query);
                }
                statement.execute("LOCK TABLE refreshd.refresh_history IN SHARE MODE");
                other.execute("UPDATE t SET v = 7 WHERE id = 3");
                await("the rows of both views are committed")
                        .until(() ->
                                other.query("SELECT count FROM top WHERE v = 7").equals(List.of("1")));
                awaitWaiting(other, "relation = 'refreshd.refresh_history'::regclass");
                atGate.execute("LOCK TABLE "
                        + other.query("SELECT store_oid::regclass FROM refreshd.incremental_view"
                                        + " WHERE view_oid = 'chosen'::regclass")
                                .getFirst()
                        + " IN SHARE MODE");
                other.execute("INSERT INTO refreshd.request (kind, view_oid) VALUES ('refresh', 'chosen'::regclass);"
                        + " SELECT pg_logical_emit_message(true, 'refreshd:request', '')");
                awaitWaiting(
                        other,
                        "relation = (SELECT store_oid FROM refreshd.incremental_view"
                                + " WHERE view_oid = 'chosen'::regclass)");
                statement.execute("SELECT FROM refreshd.view_state WHERE view_name = 'earlier' FOR UPDATE");
                other.execute("INSERT INTO first VALUES (1)");
                awaitWaiting(other, "locktype = 'transactionid'");
                other.execute("UPDATE roles SET role = 'b' WHERE id = 1");
                gate.commit();
                await("the rows of chosen are committed")
                        .until(() -> other.query("TABLE chosen").equals(List.of("2")));
                killed.kill();
                locking.rollback();
            }
            String wrong =
                    "SELECT FROM %s x FULL JOIN (SELECT v, count(*) FROM t GROUP BY v) y ON x.v = y.v AND x.count = y.count"
                            + " WHERE x.v IS NULL OR y.v IS NULL";
            try (RunningDaemon next = RunningDaemon.start(configuration)) {
                for (String view : List.of("top", "above_top", "above_chosen")) {
                    FreshnessWait.await(view, other::query);
                }
                assertThat(other.query(wrong.formatted("top"))).isEmpty();
                assertThat(other.query(wrong.formatted("above_top"))).isEmpty();
                assertThat(other.query("TABLE above_chosen")).containsExactly("1");
                assertThat(other.query(
                                "SELECT DISTINCT keys FROM refreshd.missed_rows WHERE view_oid = 'rested'::regclass"))
                        .containsExactly("{{3}}");
                other.execute("INSERT INTO refreshd.request (kind, view_oid) VALUES ('resume', 'rested'::regclass);"
                        + " SELECT pg_logical_emit_message(true, 'refreshd:request', '')");
                await().until(() -> other.query("SELECT paused FROM refreshd.view_state WHERE view_name = 'rested'")
                        .equals(List.of("f")));
                FreshnessWait.await("rested", other::query);
                assertThat(other.query(wrong.formatted("rested"))).isEmpty();
                assertThat(other.query("SELECT detail FROM refreshd.refresh_history WHERE view_name = 'rested'"
                                + " ORDER BY id DESC LIMIT 1"))
                        .containsExactly("2 keys recomputed");
            }
            Slots.drop(other.url(), other.slot());
            other.execute("UPDATE t SET v = 8 WHERE id = 4");
            try (RunningDaemon afterGap = RunningDaemon.start(configuration)) {
                FreshnessWait.await("top", other::query);
                FreshnessWait.await("rested", other::query);
                assertThat(other.query(wrong.formatted("top"))).isEmpty();
                assertThat(other.query(wrong.formatted("rested"))).isEmpty();
                other.execute("TRUNCATE t");
                FreshnessWait.await("top", other::query);
                assertThat(other.query("SELECT FROM top")).isEmpty();
            }
        }
    }
}
