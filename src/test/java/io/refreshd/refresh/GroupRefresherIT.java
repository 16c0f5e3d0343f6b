package io.refreshd.refresh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.ledger.Lease;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.Registration;
import io.refreshd.ledger.StorageVersion;
import io.refreshd.ledger.StreamPosition;
import io.refreshd.ledger.StreamRow;
import io.refreshd.ledger.ViewRows;
import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import io.refreshd.testing.TaskBuilder;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two views over the same rows, refreshed as a group, while others write, truncate, attach and refresh in between. */
@NullUnmarked // Set before the first test.
class GroupRefresherIT {
    private static final ViewId ONE = new ViewId("public", "one");
    private static final ViewId TWO = new ViewId("public", "two");
    private static final ViewId ABOVE = new ViewId("public", "above");
    private static final String DISAGREE =
            "SELECT count(*) FROM one o FULL JOIN two t USING (id, v) WHERE o.n IS NULL OR t.n IS NULL";

    private static TestDatabase database;
    private static Handle handle;
    private static Lease lease;
    private static PostgresRefresher refresher;
    private static int covers;

    @BeforeAll
    static void create() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE shared (id int, v text, PRIMARY KEY (id)) PARTITION BY RANGE (id)",
                "CREATE TABLE shared_1 PARTITION OF shared FOR VALUES FROM (0) TO (1000)",
                "CREATE TABLE own (id int PRIMARY KEY)",
                // It stands on the view with the next greater oid.
                "CREATE VIEW of_one AS SELECT id FROM shared",
                "CREATE MATERIALIZED VIEW above AS SELECT count(*) AS n FROM of_one",
                "CREATE UNIQUE INDEX ON above (n)",
                "CREATE MATERIALIZED VIEW one AS SELECT id, v, 1 AS n FROM shared",
                "CREATE UNIQUE INDEX ON one (id)",
                "CREATE MATERIALIZED VIEW two AS SELECT id, v, (SELECT count(*) FROM own) AS n,"
                        + " CASE WHEN v LIKE 'number %' THEN CAST(substr(v, 8) AS int) END AS number FROM shared",
                "CREATE UNIQUE INDEX ON two (id)",
                "CREATE OR REPLACE VIEW of_one AS SELECT id FROM one");
        Jdbi jdbi = database.jdbi();
        handle = jdbi.open();
        LedgerSchema.migrate(handle);
        lease = Lease.tryTake(jdbi.open(), "test").orElseThrow();
        StreamRow.begin(handle, new StreamPosition("refreshd", 7, 1, Lsn.ZERO));
        ViewRows.register(
                handle,
                List.of(
                        new Registration(ONE, oid(ONE), "l", List.of(), Optional.empty(), Optional.empty()),
                        new Registration(TWO, oid(TWO), "l", List.of(), Optional.empty(), Optional.empty()),
                        new Registration(
                                ABOVE, oid(ABOVE), "l", List.of(oid(ONE)), Optional.empty(), Optional.empty())));
        refresher = new PostgresRefresher(
                jdbi,
                lease.token(),
                new RefreshLimits(TestTimeout.LIMIT, TestTimeout.LIMIT),
                () -> new Moment(System.nanoTime(), Instant.now()),
                position -> Optional.empty());
    }

    @AfterAll
    static void close() throws Exception {
        lease.close();
        handle.close();
        database.close();
    }

    @BeforeEach
    void begin() throws Exception {
        database.execute(
                "TRUNCATE shared, own",
                "INSERT INTO shared SELECT i, 'v' || i FROM generate_series(1, 10) i",
                "INSERT INTO own SELECT generate_series(1, 5)");
        assertRefreshed(refresh());
        database.execute("DELETE FROM refreshd.refresh_history", "DELETE FROM refreshd.failure_message");
    }

    /** The statement that waits has its snapshot already; the next one would take another. */
    @Test
    void whatIsCommittedWhileTheyAreRefreshedIsInAllOrInNone() throws Exception {
        RefreshOutcome.Refreshed[] done = new RefreshOutcome.Refreshed[1];
        interrupted(ONE, outcomes -> done[0] = (RefreshOutcome.Refreshed) outcomes.get(ONE), () -> {
            database.execute("INSERT INTO shared VALUES (11, 'late')", "DELETE FROM shared WHERE id = 1");
        });
        assertThat(database.query(DISAGREE)).containsExactly("0");
        assertThat(database.query("SELECT count(*) FROM two WHERE id = 11")).containsExactly("0");
        Map<ViewId, LedgerEntry> ledger = ledger();
        assertThat(ledger.get(ONE).snapshot()).contains(done[0].snapshot());
        assertThat(ledger.get(TWO).snapshot()).isEqualTo(ledger.get(ONE).snapshot());
        assertThat(database.query(
                        "SELECT view_name || ' ' || rows_changed || ' ' || detail FROM refreshd.refresh_history"
                                + " ORDER BY 1"))
                .containsExactly(
                        "one 0 refreshed together with public.two", "two 0 refreshed together with public.one");
    }

    /** Otherwise the second view would be made from an empty table, and the first from the rows before the transaction. */
    @Test
    void aTruncateInBetweenIsNoticed() throws Exception {
        interrupted(
                ONE,
                GroupRefresherIT::assertRefreshed,
                () -> inOneTransaction("TRUNCATE own", "INSERT INTO shared VALUES (11, 'late')"));
        assertThat(database.query("SELECT DISTINCT n FROM two")).containsExactly("0");
        assertThat(database.query("SELECT count(*) FROM one WHERE id = 11")).containsExactly("1");
        assertThat(database.query(DISAGREE)).containsExactly("0");
    }

    /** Its rows are visible in the snapshot, but the first view was made without them. */
    @Test
    void aPartitionAttachedInBetweenIsNoticed() throws Exception {
        database.execute(
                "CREATE TABLE shared_2 (id int PRIMARY KEY, v text)", "INSERT INTO shared_2 VALUES (1001, 'attached')");
        interrupted(
                TWO,
                GroupRefresherIT::assertRefreshed,
                () -> database.execute(
                        "ALTER TABLE shared ATTACH PARTITION shared_2 FOR VALUES FROM (1000) TO (2000)"));
        assertThat(database.query(DISAGREE)).containsExactly("0");
        assertThat(database.query("SELECT count(*) FROM one WHERE id = 1001")).containsExactly("1");
        database.execute("DROP TABLE shared_2");
    }

    /** To the snapshot its rows do not exist, and the refresh would leave them. */
    @Test
    void aRefreshByOthersInBetweenIsNoticed() throws Exception {
        interrupted(
                ONE,
                GroupRefresherIT::assertRefreshed,
                () -> database.execute(
                        "INSERT INTO shared VALUES (11, 'late')", "REFRESH MATERIALIZED VIEW CONCURRENTLY two"));
        assertThat(database.query(DISAGREE)).containsExactly("0");
    }

    /** The refresh would replace a row that the other one has replaced already. */
    @Test
    void aRefreshByOthersThatMakesItFailIsNoticed() throws Exception {
        database.execute("UPDATE shared SET v = 'changed' WHERE id = 1");
        interrupted(
                ONE,
                GroupRefresherIT::assertRefreshed,
                () -> database.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY two"));
        assertThat(database.query(DISAGREE)).containsExactly("0");
        assertThat(database.query("SELECT v FROM one WHERE id = 1")).containsExactly("changed");
        assertThat(database.query("SELECT count(*) FROM refreshd.refresh_history WHERE outcome <> 'refreshed'"))
                .containsExactly("0");
    }

    @Test
    void ifOneFailsNoneIsRefreshedAndNoOtherShowsWhatTheServerSaid() throws Exception {
        database.execute("INSERT INTO shared VALUES (11, 'number secret')");
        Map<ViewId, RefreshOutcome> outcomes = refresh();
        String what = "the refresh of public.two failed";
        assertThat(outcomes.get(TWO)).isInstanceOfSatisfying(RefreshOutcome.Failed.class, failed -> {
            assertThat(failed.failure().sqlState()).isEqualTo("22P02");
            assertThat(failed.failure().what()).startsWith(what).endsWith("; refreshed together with public.one");
            assertThat(failed.failure().said().text()).contains("secret");
        });
        assertThat(outcomes.get(ONE)).isInstanceOfSatisfying(RefreshOutcome.FailedTogether.class, failed -> {
            assertThat(failed.failure().what()).startsWith(what);
            assertThat(failed.failure().said().text()).isEqualTo("what the server said stands at public.two");
        });
        assertThat(database.query("SELECT count(*) FROM one WHERE id = 11")).containsExactly("0");
        assertThat(database.query("SELECT view_name || ' ' || outcome FROM refreshd.refresh_history ORDER BY 1"))
                .containsExactly("one failed", "two failed");
        assertThat(database.query(
                        "SELECT message LIKE '%secret%' FROM refreshd.failure_message JOIN refreshd.view_state"
                                + " USING (view_oid) ORDER BY view_name"))
                .containsExactly("f", "t");
    }

    @Test
    void ifOneHasToWaitOrIsGoneNoneIsRefreshed() throws Exception {
        try (Connection open = database.connect();
                Statement statement = open.createStatement()) {
            open.setAutoCommit(false);
            Xid xid;
            try (ResultSet row = statement.executeQuery("SELECT pg_current_xact_id()")) {
                row.next();
                xid = new Xid(row.getLong(1));
            }
            database.execute("INSERT INTO shared VALUES (11, 'new')");
            assertThat(refresher.round(List.of(task(ONE, Xids.of(xid)), task(TWO, Xids.NONE)), (v, p) -> Map.of()))
                    .containsEntry(ONE, new RefreshOutcome.NotVisibleYet(xid))
                    .containsEntry(TWO, new RefreshOutcome.Deferred());
            open.rollback();
        }
        RefreshTask another = new TaskBuilder(TWO, oid(ONE) + 1_000_000, Method.CONCURRENT)
                .covers(1)
                .downstream(Set.of(), 2)
                .build();
        assertThat(refresher.round(List.of(task(ONE, Xids.NONE), another), (v, p) -> Map.of()))
                .containsEntry(ONE, new RefreshOutcome.Deferred())
                .containsEntry(TWO, new RefreshOutcome.Gone());
        assertThat(database.query("SELECT count(*) FROM one WHERE id = 11")).containsExactly("0");
    }

    /** The rows are committed first. Until the ledger follows it claims less, and takes the refresh for somebody else's. */
    @Test
    void theLedgerFollowsAndKnowsItsOwnRefresh() throws Exception {
        assertThat(StorageVersion.refreshedByOthers(handle)).doesNotContain(ONE, TWO);
        database.execute("INSERT INTO shared VALUES (11, 'new')");
        CompletableFuture<Map<ViewId, RefreshOutcome>> running;
        try (Connection other = database.connect();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("SELECT FROM refreshd.view_state WHERE view_name = 'one' FOR UPDATE");
            running = CompletableFuture.supplyAsync(GroupRefresherIT::refresh);
            await().until(() -> database.query("SELECT count(*) FROM one WHERE id = 11"), List.of("1")::equals);
            assertThat(StorageVersion.refreshedByOthers(handle)).contains(ONE, TWO);
            // Somebody else's refresh between the two transactions must not count as refreshd's.
            database.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY two");
            other.rollback();
        }
        Map<ViewId, RefreshOutcome> outcomes = TestTimeout.get(running);
        assertRefreshed(outcomes);
        assertThat(outcomes.get(ONE)).isInstanceOfSatisfying(RefreshOutcome.Refreshed.class, one -> {
            assertThat(one.rowsChanged()).contains(1L);
            assertThat(one.downstreamMarked()).isTrue();
        });
        assertThat(StorageVersion.refreshedByOthers(handle)).contains(TWO).doesNotContain(ONE);
        assertThat(ledger().get(ABOVE).dirty()).isTrue();

        refresh();
        assertThat(refresh().get(ONE)).isInstanceOfSatisfying(RefreshOutcome.Refreshed.class, one -> {
            assertThat(one.rowsChanged()).contains(0L);
            assertThat(one.downstreamMarked()).isFalse();
        });
    }

    /** The one that stands on the other comes after it in any case, and finds there what the transaction has written. */
    @Test
    void aViewAndOneThatStandsOnItAgree() throws Exception {
        database.execute("INSERT INTO shared VALUES (11, 'new')");
        Map<ViewId, RefreshOutcome> outcomes = refresher.round(
                List.of(task(ABOVE, Xids.NONE), task(TWO, Xids.NONE), task(ONE, Xids.NONE)),
                (views, position) -> Map.of());
        assertThat(database.query("SELECT n FROM above")).containsExactly("11");
        assertThat(outcomes.get(ONE)).isInstanceOfSatisfying(RefreshOutcome.Refreshed.class, one -> {
            assertThat(one.rowsChanged()).contains(1L);
            assertThat(one.downstreamMarked()).isFalse();
            assertThat(one.carried()).contains(ABOVE);
        });
        assertThat(ledger().get(ABOVE).dirty()).isFalse();
        assertThat(ledger().get(ABOVE).snapshot()).isEqualTo(ledger().get(ONE).snapshot());
        assertThat(StorageVersion.refreshedByOthers(handle)).doesNotContain(ONE, TWO, ABOVE);
    }

    private interface Work {
        void run() throws Exception;
    }

    private interface Check {
        void of(Map<ViewId, RefreshOutcome> outcomes);
    }

    /** Refreshes the group; does the work when the refresh waits for the lock on a view, with its snapshot taken. */
    private static void interrupted(ViewId at, Check check, Work work) throws Exception {
        try (Connection other = database.connect();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("COMMENT ON MATERIALIZED VIEW " + at.name() + " IS 'locked'");
            CompletableFuture<Map<ViewId, RefreshOutcome>> running =
                    CompletableFuture.supplyAsync(GroupRefresherIT::refresh);
            await().until(
                            () -> database.query(
                                    "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = " + oid(at)),
                            List.of("1")::equals);
            work.run();
            other.rollback();
            check.of(TestTimeout.get(running));
        }
    }

    private static void inOneTransaction(String... statements) throws Exception {
        database.execute("BEGIN; " + String.join("; ", statements) + "; COMMIT");
    }

    private static Map<ViewId, RefreshOutcome> refresh() {
        return refresher.round(List.of(task(TWO, Xids.NONE), task(ONE, Xids.NONE)), (views, position) -> Map.of());
    }

    private static void assertRefreshed(Map<ViewId, RefreshOutcome> outcomes) {
        assertThat(outcomes).containsOnlyKeys(ONE, TWO);
        assertThat(outcomes.values()).allMatch(outcome -> outcome instanceof RefreshOutcome.Refreshed);
    }

    private static RefreshTask task(ViewId view, Xids awaited) {
        covers += 10;
        return new TaskBuilder(view, oid(view), Method.CONCURRENT)
                .awaited(awaited)
                .covers(covers)
                .downstream(view.equals(ONE) ? Set.of(ABOVE) : Set.of(), covers + 1)
                .build();
    }

    private static long oid(ViewId view) {
        try {
            return Long.parseLong(database.query("SELECT '" + view.name() + "'::regclass::oid")
                    .getFirst());
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static Map<ViewId, LedgerEntry> ledger() {
        return ViewRows.load(handle).entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, row -> row.getValue().entry()));
    }
}
