package io.refreshd.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Remedy;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import io.refreshd.testing.TaskBuilder;
import io.refreshd.testing.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LedgerIT {
    private static final Optional<Obstacle> UNTRACKED =
            Optional.of(new Obstacle("reads now()", Remedy.text("set max-staleness")));

    private static final ViewId BASE = new ViewId("public", "Base \"view\"");
    private static final ViewId STACKED = new ViewId("public", "stacked");
    private static final Instant FIRST = Instant.parse("2026-01-01T00:00:00Z");
    private static final Instant SECOND = Instant.parse("2026-01-01T00:00:05Z");
    private static final Snapshot SNAPSHOT = Snapshot.parse("10:20:12");

    private TestDatabase database;
    private Handle handle;
    private Lease lease;

    @BeforeEach
    void migrate() throws Exception {
        database = TestDatabase.create();
        handle = database.open();
        LedgerSchema.migrate(handle);
        lease = Lease.tryTake(session(), "test").orElseThrow();
        StreamRow.begin(handle, new StreamPosition("refreshd", 7, 1, Lsn.parse("0/100")));
        ViewRows.register(
                handle,
                List.of(
                        new Registration(BASE, 1001, "l1", List.of(), Optional.empty(), Optional.empty()),
                        new Registration(STACKED, 1002, "l2", List.of(1001L), Optional.empty(), Optional.empty())));
    }

    @AfterEach
    void close() throws Exception {
        lease.close();
        handle.close();
        database.close();
    }

    @Test
    void migratesOnceAndRefusesWhatIsNewer() throws Exception {
        assertThat(LedgerSchema.pending(handle)).isEmpty();
        LedgerSchema.migrate(handle);
        handle.execute("INSERT INTO refreshd.schema_version (version) VALUES (99)");
        assertThatThrownBy(() -> LedgerSchema.migrate(handle))
                .isInstanceOf(LedgerTooNewException.class)
                .hasMessageContaining("version 99");
    }

    @Test
    void aNewViewIsDirtyAndHasNoWatermark() {
        assertThat(entry(BASE).dirty()).isTrue();
        assertThat(freshness(BASE)).isEqualTo("dirty/null");
    }

    @Test
    void aRefreshCoversWhatWasMarkedBeforeItAndNothingElse() {
        refresh(BASE, 1, "0/200");
        assertThat(entry(BASE).dirty()).isFalse();

        mark(2, Map.of(BASE, FIRST), Lsn.parse("0/300"), Optional.empty());
        mark(3, Map.of(BASE, SECOND), Lsn.parse("0/400"), Optional.empty());
        refresh(BASE, 2, "0/350");
        assertThat(entry(BASE).dirty())
                .as("mark 3 came while the refresh that covers 2 ran")
                .isTrue();
        refresh(BASE, 3, "0/500");
        assertThat(entry(BASE)).satisfies(entry -> {
            assertThat(entry.dirty()).isFalse();
            assertThat(entry.dirtySince()).isEmpty();
            assertThat(entry.watermark()).contains(Lsn.parse("0/500"));
            assertThat(entry.snapshot()).contains(SNAPSHOT);
        });
        assertThat(ViewRows.highestMark(handle)).isEqualTo(3);
    }

    /** No change in the log tells of what was missed: whoever reads the log again must not believe that it tells of all. */
    @Test
    void anInvalidationTakesTheSnapshotUntilARefreshHasCoveredIt() {
        refresh(BASE, 1, "0/200");
        mark(2, Map.of(BASE, FIRST), Lsn.parse("0/300"), Optional.empty());
        assertThat(entry(BASE).snapshot()).contains(SNAPSHOT);
        DirtyMarks.write(
                handle, lease.token(), 3, Map.of(BASE, FIRST), Set.of(BASE), Lsn.parse("0/300"), Optional.empty());
        assertThat(entry(BASE).snapshot()).isEmpty();
        refresh(BASE, 2, "0/350");
        assertThat(entry(BASE).snapshot()).as("of a refresh that began before").isEmpty();
        refresh(BASE, 3, "0/400");
        assertThat(entry(BASE).snapshot()).contains(SNAPSHOT);
        DirtyMarks.write(
                handle, lease.token(), 3, Map.of(BASE, FIRST), Set.of(BASE), Lsn.parse("0/300"), Optional.empty());
        assertThat(entry(BASE).snapshot()).as("written late").contains(SNAPSHOT);
    }

    /** A view that was created while the daemon ran: its row does not have the number that its first refresh covers. */
    @Test
    void theMarksOfTheNextRunAreHigherThanWhatRefreshesHaveCovered() {
        refresh(BASE, 9, "0/500");
        assertThat(entry(BASE).dirty()).isFalse();
        long next = ViewRows.highestMark(handle) + 1;
        mark(next, Map.of(BASE, FIRST), Lsn.parse("0/600"), Optional.empty());
        assertThat(entry(BASE).dirty()).isTrue();
    }

    /** A mark may be written after a refresh with a higher number; it must not undo the refresh. */
    @Test
    void theOrderOfMarkAndRefreshDoesNotMatter() {
        mark(5, Map.of(BASE, FIRST), Lsn.ZERO, Optional.empty());
        refresh(BASE, 9, "0/200");
        mark(7, Map.of(BASE, SECOND), Lsn.parse("0/300"), Optional.empty());
        assertThat(entry(BASE).dirty()).isFalse();
        assertThat(handle.createQuery("SELECT count(*) FROM refreshd.freshness WHERE dirty_since IS NOT NULL")
                        .mapTo(Integer.class)
                        .one())
                .as("a clean view has no dirty_since")
                .isZero();
    }

    /** The statement that writes a refresh began before the mark was committed, and must not go by what the row was then. */
    @Test
    void aMarkThatARefreshWaitsForIsKept() throws Exception {
        refresh(BASE, 1, "0/200");
        try (Handle marking = session()) {
            marking.begin();
            DirtyMarks.write(
                    marking, lease.token(), 3, Map.of(BASE, FIRST), Set.of(), Lsn.parse("0/300"), Optional.empty());
            CompletableFuture<Void> refresh = CompletableFuture.runAsync(() -> refresh(BASE, 2, "0/250"));
            await().until(() -> database.query("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                            + " AND datname = current_database()")
                    .equals(List.of("1")));
            marking.commit();
            refresh.join();
        }
        assertThat(entry(BASE).dirtySince()).contains(FIRST);
        assertThat(entry(BASE).watermark()).contains(Lsn.parse("0/300"));
    }

    @Test
    void aCleanViewAdvancesWithTheStreamAndADirtyOneDoesNot() {
        refresh(BASE, 1, "0/50");
        assertThat(freshness(BASE)).isEqualTo("fresh/0/100");
        mark(2, Map.of(BASE, FIRST), Lsn.parse("0/180"), Optional.empty());
        StreamRow.begin(handle, new StreamPosition("refreshd", 7, 1, Lsn.parse("0/900")));
        assertThat(freshness(BASE)).isEqualTo("dirty/0/180");
        assertThat(entry(BASE).dirtySince()).contains(FIRST);
    }

    @Test
    void aStackedViewIsNoFresherThanTheViewsThatItReads() {
        refresh(BASE, 1, "0/100");
        refresh(STACKED, 1, "0/100");
        assertThat(freshness(STACKED)).isEqualTo("fresh/0/100");
        StreamRow.begin(handle, new StreamPosition("refreshd", 7, 1, Lsn.parse("0/180")));
        mark(2, Map.of(BASE, FIRST), Lsn.parse("0/180"), Optional.empty());
        assertThat(freshness(STACKED)).isEqualTo("dirty/0/180");

        RefreshWrites.refreshed(
                handle,
                lease.token(),
                new TaskBuilder(BASE, 1001, Method.CONCURRENT)
                        .covers(2)
                        .routed(Lsn.parse("0/500"))
                        .downstream(Set.of(STACKED), 3)
                        .oldestCommit(FIRST)
                        .build(),
                SNAPSHOT,
                Optional.empty(),
                Duration.ofMillis(5),
                Optional.of(1L),
                true);
        StreamRow.begin(handle, new StreamPosition("refreshd", 7, 1, Lsn.parse("0/500")));
        assertThat(freshness(BASE)).isEqualTo("fresh/0/500");
        assertThat(freshness(STACKED))
                .as("holds the base view from before the refresh")
                .isEqualTo("dirty/0/180");
        assertThat(entry(STACKED).dirtySince()).contains(FIRST);
        refresh(STACKED, 3, "0/500");
        assertThat(freshness(STACKED)).isEqualTo("fresh/0/500");
    }

    /** The view itself lacks nothing when it is marked, but the one that it reads does. */
    @Test
    void aStackedViewThatIsMarkedHoldsNoMoreThanTheViewsThatItReads() {
        refresh(BASE, 1, "0/100");
        refresh(STACKED, 1, "0/100");
        mark(2, Map.of(BASE, FIRST), Lsn.parse("0/180"), Optional.empty());
        StreamRow.begin(handle, new StreamPosition("refreshd", 7, 1, Lsn.parse("0/500")));
        mark(3, Map.of(STACKED, FIRST), Lsn.parse("0/500"), Optional.empty());
        refresh(BASE, 3, "0/600");
        assertThat(freshness(STACKED)).isEqualTo("dirty/0/180");
    }

    /** A view reads two others, of which one is refreshed and one is dirty: it lacks what the dirty one lacks. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aStackedViewThatIsMarkedClaimsNoMoreThanTheOldestOfItsSources(boolean byRefresh) {
        ViewId other = new ViewId("public", "other");
        ViewRows.register(
                handle,
                List.of(
                        new Registration(BASE, 1001, "l1", List.of(), Optional.empty(), Optional.empty()),
                        new Registration(other, 1003, "l3", List.of(), Optional.empty(), Optional.empty()),
                        new Registration(
                                STACKED, 1002, "l2", List.of(1001L, 1003L), Optional.empty(), Optional.empty())));
        refresh(BASE, 1, "0/100");
        RefreshWrites.refreshed(
                handle,
                lease.token(),
                new TaskBuilder(other, 1003, Method.CONCURRENT)
                        .covers(1)
                        .routed(Lsn.parse("0/100"))
                        .build(),
                SNAPSHOT,
                Optional.empty(),
                Duration.ZERO,
                Optional.of(1L),
                false);
        refresh(STACKED, 1, "0/100");
        mark(2, Map.of(other, FIRST), Lsn.parse("0/180"), Optional.empty());
        mark(3, Map.of(BASE, FIRST), Lsn.parse("0/300"), Optional.empty());
        if (!byRefresh) {
            mark(4, Map.of(STACKED, FIRST), Lsn.parse("0/400"), Optional.empty());
        } else {
            RefreshWrites.refreshed(
                    handle,
                    lease.token(),
                    new TaskBuilder(BASE, 1001, Method.CONCURRENT)
                            .covers(3)
                            .routed(Lsn.parse("0/400"))
                            .downstream(Set.of(STACKED), 4)
                            .oldestCommit(FIRST)
                            .build(),
                    SNAPSHOT,
                    Optional.empty(),
                    Duration.ZERO,
                    Optional.of(1L),
                    true);
        }
        assertThat(entry(STACKED).watermark().orElseThrow()).isLessThanOrEqualTo(Lsn.parse("0/180"));
    }

    @Test
    void nothingIsClaimedForAViewWithAnUntrackedSourceNorForViewsThatReadIt() {
        ViewRows.register(
                handle,
                List.of(
                        new Registration(BASE, 1001, "l1", List.of(), UNTRACKED, Optional.empty()),
                        new Registration(STACKED, 1002, "l2", List.of(1001L), Optional.empty(), Optional.empty())));
        RefreshWrites.refreshed(
                handle,
                lease.token(),
                task(BASE, 1).build(),
                SNAPSHOT,
                Optional.empty(),
                Duration.ofMillis(5),
                Optional.empty(),
                false);
        refresh(STACKED, 1, "0/100");
        assertThat(freshness(BASE)).isEqualTo("untracked/null");
        assertThat(freshness(STACKED)).isEqualTo("untracked/null");
        assertThat(stateAndReason(BASE)).isEqualTo("untracked, reads now(), set max-staleness");
        assertThat(stateAndReason(STACKED))
                .isEqualTo(
                        "untracked, stands on public.\"Base \"\"view\"\"\", of which nothing can be claimed: reads now(),"
                                + " set max-staleness");
    }

    @Test
    void anObstacleInTheCatalogIsShownAsASuspensionWithItsRemedy() {
        refresh(BASE, 1, "0/200");
        refresh(STACKED, 1, "0/200");
        obstacle(Optional.of(new Obstacle("has no unique index", Remedy.sql("CREATE UNIQUE INDEX"))));
        assertThat(stateAndReason(BASE))
                .isEqualTo("suspended, has no unique index, CREATE UNIQUE INDEX, {\"CREATE UNIQUE INDEX\"}");
        assertThat(stateAndReason(STACKED)).as("nothing is missing there").isEqualTo("fresh, null, null");
        mark(5, Map.of(BASE, FIRST), Lsn.ZERO, Optional.empty());
        assertThat(stateAndReason(STACKED))
                .startsWith("blocked, stands on")
                .endsWith("has no unique index, CREATE UNIQUE INDEX, {\"CREATE UNIQUE INDEX\"}");
        obstacle(Optional.empty());
        assertThat(stateAndReason(BASE)).isEqualTo("dirty, null, null");
        assertThat(stateAndReason(STACKED)).isEqualTo("dirty, null, null");
    }

    private void obstacle(Optional<Obstacle> obstacle) {
        ViewRows.register(
                handle,
                List.of(
                        new Registration(BASE, 1001, "l1", List.of(), Optional.empty(), obstacle),
                        new Registration(STACKED, 1002, "l2", List.of(1001L), Optional.empty(), Optional.empty())));
    }

    private String stateAndReason(ViewId view) {
        return handle.createQuery(
                        "SELECT concat_ws(', ', state, coalesce(reason, 'null'), coalesce(remedy, 'null'), nullif(remedy_sql, '{}'))"
                                + " FROM refreshd.freshness WHERE view_name = :name")
                .bind("name", view.name())
                .mapTo(String.class)
                .one();
    }

    @Test
    void settlingRecordsThatARefreshCoversMore() {
        mark(4, Map.of(BASE, FIRST), Lsn.ZERO, Optional.empty());
        refresh(BASE, 1, "0/200");
        ViewRows.settle(handle, BASE, 9, 4, Optional.empty(), Optional.empty());
        assertThat(entry(BASE).dirty()).as("the oid is that of an earlier view").isTrue();
        ViewRows.settle(handle, BASE, 1001, 4, Optional.of(Lsn.parse("0/250")), Optional.empty());
        assertThat(entry(BASE).dirty()).isFalse();
        assertThat(entry(BASE).watermark()).contains(Lsn.parse("0/250"));
    }

    @Test
    void registeringKeepsARowAndResetsOneWithAnotherOid() {
        refresh(BASE, 1, "0/200");
        ViewRows.adopt(
                handle, List.of(new Registration(STACKED, 1002, "l3", List.of(), Optional.empty(), Optional.empty())));
        ViewRows.remember(
                handle,
                STACKED,
                3,
                true,
                Optional.empty(),
                Optional.of(new Obstacle(
                        "broken", Remedy.sql("GRANT it", "ALTER it").and("or leave it"))));
        ViewRows.register(
                handle,
                List.of(
                        new Registration(BASE, 2001, "l1", List.of(), Optional.empty(), Optional.empty()),
                        new Registration(STACKED, 1002, "l3", List.of(2001L), Optional.empty(), Optional.empty())));
        assertThat(entry(BASE)).isEqualTo(LedgerEntry.unknown(BASE));
        assertThat(ViewRows.load(handle).get(STACKED)).satisfies(row -> {
            assertThat(row.lineage()).isEqualTo("l3");
            assertThat(row.entry().paused()).isTrue();
            assertThat(row.entry().failures()).isEqualTo(3);
            assertThat(row.entry().suspended())
                    .contains(new Obstacle(
                            "broken", Remedy.sql("GRANT it", "ALTER it").and("or leave it")));
        });
        ViewRows.register(handle, List.of());
        assertThat(ViewRows.load(handle)).isEmpty();
    }

    @Test
    void aRefreshOfAReplacedViewIsNotRecorded() {
        RefreshTask stale =
                new TaskBuilder(BASE, 999, Method.CONCURRENT).covers(1).build();
        assertThat(RefreshWrites.refreshed(
                        handle,
                        lease.token(),
                        stale,
                        SNAPSHOT,
                        Optional.empty(),
                        Duration.ZERO,
                        Optional.empty(),
                        false))
                .isFalse();
    }

    @Test
    void onlyOneHolderHasTheLeaseAndOneThatLostItWritesNothing() throws Exception {
        assertThat(Lease.tryTake(session(), "second")).isEmpty();
        assertThat(Lease.holder(handle)).startsWith("test since ");
        assertThat(lease.isHeld()).isTrue();
        lease.close();
        assertThat(lease.isHeld()).isFalse();
        try (Lease second = Lease.tryTake(session(), "second").orElseThrow()) {
            assertThatThrownBy(() -> refresh(BASE, 1, "0/200")).isInstanceOf(LeaseLostException.class);
            assertThat(entry(BASE).dirty()).isTrue();
            assertThatThrownBy(() -> mark(7, Map.of(BASE, FIRST), Lsn.ZERO, Optional.empty()))
                    .isInstanceOf(LeaseLostException.class);
            assertThat(ViewRows.highestMark(handle)).isEqualTo(1);
            Lease.prove(handle, second.token());
        }
    }

    /** Every role may take any advisory lock, and sees the keys of those that are taken. */
    @Test
    void aStrangersLockKeepsNobodyFromTheLease() throws Exception {
        String role = "stranger_" + database.name();
        database.execute("CREATE ROLE " + role + " LOGIN");
        try (Handle stranger = database.open(role)) {
            stranger.execute("SELECT pg_advisory_lock(hashtextextended('refreshd', 0))");
            lease.close();
            // The server ends the session a moment later.
            await().untilAsserted(() -> {
                stranger.execute("SELECT pg_try_advisory_lock("
                        + handle.createQuery("SELECT lock_key FROM refreshd.lease")
                                .mapTo(Long.class)
                                .one() + ")");
                try (Lease second = Lease.tryTake(session(), "second").orElseThrow()) {
                    assertThat(Lease.tryTake(session(), "third")).isEmpty();
                    assertThat(second.isHeld()).isTrue();
                }
            });
            handle.execute("UPDATE refreshd.lease SET lock_key = NULL");
            try (Lease second = Lease.tryTake(session(), "second").orElseThrow()) {
                assertThat(second.isHeld()).isTrue();
            }
        } finally {
            database.execute("DROP ROLE " + role);
        }
    }

    /**
     * The next holder waits for a write that has proven the lease; a process that stops in the middle would block it for ever.
     */
    @Test
    void theServerEndsAWriteOfADaemonThatHasStopped() {
        String setting = "SHOW idle_in_transaction_session_timeout";
        Lease.write(
                handle,
                lease.token(),
                transaction -> assertThat(transaction
                                .createQuery(setting)
                                .mapTo(String.class)
                                .one())
                        .isEqualTo("30s"));
        assertThat(handle.createQuery(setting).mapTo(String.class).one())
                .as("set for that transaction only")
                .isEqualTo("0");
    }

    /** A live session is not enough: if the token was changed by whatever means, its holder can no longer write. */
    @Test
    void aChangedTokenEndsTheLease() {
        handle.execute("UPDATE refreshd.lease SET token = token + 1");
        assertThat(lease.isHeld()).isFalse();
    }

    /** The token was replicated to a standby that was promoted; positions of the timeline before are not valid there. */
    @Test
    void onAnotherTimelineTheTokenIsNotValid() {
        handle.execute("UPDATE refreshd.lease SET timeline = timeline + 1");
        assertThat(lease.isHeld()).isFalse();
        assertThatThrownBy(() -> refresh(BASE, 1, "0/200")).isInstanceOf(LeaseLostException.class);
    }

    @Test
    void onAnotherTimelineWatermarksAreCleared() {
        refresh(BASE, 1, "0/200");
        StreamRow.begin(handle, new StreamPosition("refreshd", 7, 1, Lsn.parse("0/300")));
        assertThat(entry(BASE).watermark()).contains(Lsn.parse("0/200"));
        StreamRow.begin(handle, new StreamPosition("refreshd", 7, 2, Lsn.parse("0/300")));
        assertThat(entry(BASE).watermark()).isEmpty();
    }

    /** A backup that was restored without a new timeline: its ledger may hold positions beyond the end of the log. */
    @Test
    void watermarksBeyondTheEndOfTheLogAreCleared() {
        refresh(BASE, 1, "FFFF/0");
        StreamRow.begin(handle, new StreamPosition("refreshd", 7, 1, Lsn.parse("0/300")));
        assertThat(entry(BASE).watermark()).isEmpty();
    }

    @Test
    void aWatermarkHasACommitTime() {
        StreamRow.begin(handle, new StreamPosition("refreshd", 7, 1, Lsn.parse("0/100")));
        assertThat(commitTime(BASE)).isEmpty();
        refresh(BASE, 1, "0/100");
        StreamRow.advance(
                handle,
                StreamRow.epoch(handle),
                Lsn.parse("0/200"),
                Lsn.parse("0/200"),
                Optional.of(FIRST),
                Duration.ofSeconds(1));
        assertThat(commitTime(BASE)).as("clean: the commit time of the stream").contains(FIRST);
        mark(2, Map.of(BASE, SECOND), Lsn.parse("0/200"), Optional.of(FIRST));
        StreamRow.advance(
                handle,
                StreamRow.epoch(handle),
                Lsn.parse("0/300"),
                Lsn.parse("0/300"),
                Optional.of(SECOND),
                Duration.ofSeconds(1));
        assertThat(commitTime(BASE))
                .as("dirty: the commit time when it was clean")
                .contains(FIRST);
        RefreshWrites.refreshed(
                handle,
                lease.token(),
                task(BASE, 2).routed(Lsn.parse("0/300")).build(),
                SNAPSHOT,
                Optional.of(SECOND),
                Duration.ofMillis(5),
                Optional.empty(),
                false);
        assertThat(commitTime(BASE)).contains(SECOND);
        ViewRows.settle(handle, BASE, 1001, 2, Optional.of(Lsn.parse("0/100")), Optional.of(FIRST));
        assertThat(commitTime(BASE)).as("never goes back").contains(SECOND);
    }

    private Optional<Instant> commitTime(ViewId view) {
        return handle.createQuery("SELECT commit_time FROM refreshd.freshness WHERE view_name = :name")
                .bind("name", view.name())
                .map((row, context) -> Optional.ofNullable(row.getTimestamp(1)).map(java.sql.Timestamp::toInstant))
                .one();
    }

    @Test
    void theHistoryIsBounded() {
        handle.execute(
                "INSERT INTO refreshd.refresh_history (view_schema, view_name, finished_at, duration, method, outcome)"
                        + " SELECT 'public', 'v', now() - CASE WHEN i <= 10 THEN interval '8 days' ELSE interval '1 day' END,"
                        + " '1 s', 'concurrent', 'refreshed' FROM generate_series(1, 60) i");
        assertThat(History.isOld(handle)).isTrue();
        Lease.write(handle, lease.token(), History::prune);
        assertThat(historyRows()).isEqualTo(50);
        assertThat(History.isOld(handle)).isFalse();
        handle.execute("INSERT INTO refreshd.refresh_history (view_schema, view_name, duration, method, outcome)"
                + " SELECT 'public', 'v', '1 s', 'concurrent', 'refreshed' FROM generate_series(1, 99990) i");
        assertThat(History.isOld(handle)).isTrue();
        Lease.write(handle, lease.token(), History::prune);
        assertThat(historyRows()).isEqualTo(100_000);
    }

    private long historyRows() {
        return handle.createQuery("SELECT count(*) FROM refreshd.refresh_history")
                .mapTo(Long.class)
                .one();
    }

    @Test
    void aFailedAttemptDoesNotKeepTheLock() throws Exception {
        lease.close();
        handle.execute("ALTER TABLE refreshd.lease RENAME TO mislaid");
        assertThatThrownBy(() -> Lease.tryTake(session(), "unlucky")).isInstanceOf(JdbiException.class);
        handle.execute("ALTER TABLE refreshd.mislaid RENAME TO lease");
        try (Lease next = Lease.tryTake(session(), "lucky").orElseThrow()) {
            assertThat(next.isHeld()).isTrue();
        }
    }

    private Handle session() throws Exception {
        return database.open();
    }

    private void mark(long number, Map<ViewId, Instant> since, Lsn routed, Optional<Instant> commitTime) {
        DirtyMarks.write(handle, lease.token(), number, since, Set.of(), routed, commitTime);
    }

    private void refresh(ViewId view, long covers, String routed) {
        boolean known = RefreshWrites.refreshed(
                handle,
                lease.token(),
                task(view, covers).routed(Lsn.parse(routed)).build(),
                SNAPSHOT,
                Optional.empty(),
                Duration.ofMillis(5),
                Optional.of(1L),
                false);
        assertThat(known).isTrue();
    }

    private static TaskBuilder task(ViewId view, long covers) {
        return new TaskBuilder(view, view.equals(BASE) ? 1001 : 1002, Method.CONCURRENT).covers(covers);
    }

    private LedgerEntry entry(ViewId view) {
        return ViewRows.load(handle).get(view).entry();
    }

    private String freshness(ViewId view) {
        return handle.createQuery("SELECT state || '/' || coalesce(watermark::text, 'null') FROM refreshd.freshness"
                        + " WHERE view_name = :name")
                .bind("name", view.name())
                .mapTo(String.class)
                .one();
    }
}
