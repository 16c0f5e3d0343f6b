package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.model.Change;
import io.refreshd.model.ChangedColumns;
import io.refreshd.model.Lsn;
import io.refreshd.model.Operation;
import io.refreshd.model.Signal;
import io.refreshd.model.TableId;
import io.refreshd.model.Xid;
import io.refreshd.testing.TestTimeout;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CaptureIT {
    private CaptureFixture fixture;
    private RecordingHandler handler;

    @BeforeEach
    void open() throws Exception {
        fixture = new CaptureFixture();
        handler = fixture.handler();
        fixture.database.execute("CREATE TABLE t (id int PRIMARY KEY, a int, b text)");
        fixture.publish("t");
    }

    @AfterEach
    void close() throws Exception {
        fixture.close();
    }

    /** Waits until everything that was committed before this call has been handed over. */
    private void catchUp(RecordingHandler handler) throws Exception {
        Lsn now = Lsn.parse(fixture.database
                .query("SELECT pg_current_wal_insert_lsn()::text")
                .getFirst());
        await().until(() -> handler.routed().filter(p -> p.compareTo(now) >= 0).isPresent());
    }

    private static Change only(RecordingHandler handler) {
        assertThat(handler.changes()).hasSize(1);
        return handler.changes().getFirst();
    }

    @Test
    void countsWhatOneTransactionDidToEachTable() throws Exception {
        fixture.database.execute("CREATE TABLE u (id int PRIMARY KEY)");
        fixture.publish("u");
        fixture.start(handler);
        fixture.database.execute("""
                DO $$ BEGIN
                  INSERT INTO t SELECT i, i, 'x' FROM generate_series(1, 10) i;
                  UPDATE t SET a = 0 WHERE id <= 3;
                  DELETE FROM t WHERE id = 10;
                  INSERT INTO u VALUES (1);
                END $$
                """);
        catchUp(handler);
        assertThat(handler.changes()).hasSize(2);
        Change t = handler.changes().getFirst();
        assertThat(t.table()).isEqualTo(new TableId("public", "t"));
        assertThat(t.rows()).isEqualTo(Map.of(Operation.INSERT, 10L, Operation.UPDATE, 3L, Operation.DELETE, 1L));
        assertThat(t.columns()).isEqualTo(ChangedColumns.ALL);
        assertThat(handler.changes().get(1).xids()).isEqualTo(t.xids());
        Xid next = handler.snapshot().xmax();
        Xid xid = t.xids().stream().findFirst().orElseThrow();
        assertThat(xid).isLessThan(next);
        assertThat(next.value() - xid.value()).isLessThan(1_000);
    }

    @Test
    void seesTruncateAndCopyButNoRollback() throws Exception {
        fixture.start(handler);
        fixture.database.execute("INSERT INTO t VALUES (1, 1, 'x')", "TRUNCATE t");
        try (Connection connection = fixture.database.connect()) {
            connection
                    .unwrap(org.postgresql.PGConnection.class)
                    .getCopyAPI()
                    .copyIn("COPY t FROM STDIN", new java.io.StringReader("5\t1\ta\n6\t1\tb\n"));
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute("INSERT INTO t VALUES (100, 1, 'never')");
                connection.rollback();
                statement.execute("INSERT INTO t VALUES (101, 1, 'kept')");
                var savepoint = connection.setSavepoint();
                statement.execute("INSERT INTO t VALUES (102, 1, 'never')");
                connection.rollback(savepoint);
                var released = connection.setSavepoint();
                statement.execute("INSERT INTO t VALUES (103, 1, 'kept')");
                connection.releaseSavepoint(released);
                connection.commit();
            }
        }
        catchUp(handler);
        assertThat(handler.changes())
                .extracting(Change::rows)
                .containsExactly(
                        Map.of(Operation.INSERT, 1L),
                        Map.of(Operation.TRUNCATE, 1L),
                        Map.of(Operation.INSERT, 2L),
                        Map.of(Operation.INSERT, 2L));
    }

    @Test
    void namesTheColumnsThatAnUpdateAlteredUnderFullIdentity() throws Exception {
        fixture.database.execute(
                "CREATE TABLE f (id int PRIMARY KEY, a int, \"B x\" text, big text, n numeric, ts timestamptz)",
                "ALTER TABLE f REPLICA IDENTITY FULL",
                "ALTER TABLE f ALTER big SET STORAGE EXTERNAL",
                "INSERT INTO f VALUES (1, 1, NULL, repeat('x', 20000), 1.0, 'infinity'), (2, 2, '', NULL, 'NaN', now())");
        fixture.publish("f");
        fixture.start(handler);
        String[] updates = {
            "UPDATE f SET a = a + 1",
            "UPDATE f SET \"B x\" = '' WHERE id = 1",
            "UPDATE f SET \"B x\" = NULL WHERE id = 1",
            "UPDATE f SET big = big || 'y' WHERE id = 1",
            "UPDATE f SET a = a, ts = ts",
            "UPDATE f SET n = 1.00 WHERE id = 1",
            "UPDATE f SET id = 3 WHERE id = 2",
        };
        fixture.database.execute(updates);
        catchUp(handler);
        assertThat(handler.changes())
                .extracting(Change::columns)
                .containsExactlyInAnyOrder(
                        ChangedColumns.of(Set.of("a")),
                        ChangedColumns.of(Set.of("B x")),
                        ChangedColumns.of(Set.of("B x")),
                        ChangedColumns.of(Set.of("big")),
                        ChangedColumns.NONE,
                        ChangedColumns.of(Set.of("n")),
                        ChangedColumns.of(Set.of("id")));
    }

    /** Such transactions differ by nothing but their ids, be they in one batch or in several. */
    @Test
    void losesNoTransactionThatOnlyTouchedWhatNobodyReads() throws Exception {
        fixture.database.execute(
                "CREATE TABLE f (id int PRIMARY KEY, ignored int, a int)",
                "ALTER TABLE f REPLICA IDENTITY FULL",
                "INSERT INTO f VALUES (1, 0, 0)");
        fixture.publish("f");
        fixture.start(handler);
        fixture.database.execute(
                "DO $$ BEGIN FOR i IN 1..2000 LOOP UPDATE f SET ignored = i; COMMIT; END LOOP; END $$",
                "UPDATE f SET a = 1");
        catchUp(handler);
        assertThat(handler.rows(Operation.UPDATE)).isEqualTo(2_001);
        assertThat(handler.changes()).hasSizeLessThan(500);
        assertThat(handler.changes().stream()
                        .flatMap(change -> change.xids().stream())
                        .distinct())
                .hasSize(2_001);
        assertThat(handler.changes())
                .filteredOn(change -> change.columns().names().contains("a"))
                .singleElement()
                .satisfies(change ->
                        assertThat(change.touched().keys(List.of("id"))).contains(Set.of(List.of("1"))));
    }

    @Test
    void knowsNoColumnsWithoutTheWholeOldRow() throws Exception {
        fixture.database.execute(
                "ALTER TABLE t ALTER b SET STORAGE EXTERNAL", "INSERT INTO t VALUES (1, NULL, repeat('x', 20000))");
        fixture.start(handler);
        catchUp(handler);
        int before = handler.changes().size();
        fixture.database.execute("UPDATE t SET a = 1", "UPDATE t SET id = 2");
        catchUp(handler);
        assertThat(handler.changes().subList(before, handler.changes().size()))
                .extracting(Change::columns)
                .containsExactly(ChangedColumns.ALL, ChangedColumns.ALL);
    }

    @Test
    void distinguishesOddNames() throws Exception {
        fixture.database.execute(
                "CREATE SCHEMA \"My.Schema\"",
                "CREATE TABLE \"My.Schema\".\"T\" (id int PRIMARY KEY)",
                "CREATE TABLE \"a b\" (id int PRIMARY KEY)",
                "CREATE TABLE \"a_b\" (id int PRIMARY KEY)",
                "CREATE TABLE \"täble\"\"1\" (\"ID\" int PRIMARY KEY, \"Id\" int)");
        String[] names = {"\"My.Schema\".\"T\"", "\"a b\"", "\"a_b\"", "\"täble\"\"1\""};
        for (String name : names) {
            fixture.publish(name);
        }
        fixture.start(handler);
        for (String name : names) {
            fixture.database.execute("INSERT INTO " + name + " VALUES (1)");
        }
        catchUp(handler);
        assertThat(handler.changes())
                .extracting(Change::table)
                .containsExactly(
                        new TableId("My.Schema", "T"),
                        new TableId("public", "a b"),
                        new TableId("public", "a_b"),
                        new TableId("public", "täble\"1"));
    }

    @Test
    void namesThePartitionThatHoldsTheRow() throws Exception {
        fixture.database.execute(
                "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id)",
                "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)",
                "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20)");
        fixture.publish("p1");
        fixture.publish("p2");
        fixture.start(handler);
        fixture.database.execute("INSERT INTO p VALUES (1), (11)", "TRUNCATE p");
        catchUp(handler);
        assertThat(handler.changes())
                .extracting(change -> change.table().name() + change.rows())
                .containsExactlyInAnyOrder("p1{INSERT=1}", "p2{INSERT=1}", "p1{TRUNCATE=1}", "p2{TRUNCATE=1}");
    }

    @Test
    void capturesATableThatJoinsWhileItRuns() throws Exception {
        fixture.start(handler);
        catchUp(handler);
        fixture.database.execute("CREATE TABLE late (id int PRIMARY KEY)");
        fixture.publish("late");
        fixture.database.execute("INSERT INTO late VALUES (1)");
        catchUp(handler);
        assertThat(only(handler).table().name()).isEqualTo("late");
        fixture.database.execute("ALTER TABLE late ADD c text DEFAULT 'x'", "INSERT INTO late VALUES (2, 'y')");
        catchUp(handler);
        assertThat(handler.changes()).hasSize(2);
    }

    @Test
    void readsItsOwnMessagesOnly() throws Exception {
        fixture.start(handler);
        fixture.database.execute(
                "SELECT pg_logical_emit_message(true, 'somebody else', 'x')",
                "SELECT pg_logical_emit_message(false, 'transaction', 'forged')",
                "SELECT pg_logical_emit_message(true, 'refreshd:fence', 'ünïque')",
                "DO $$ BEGIN PERFORM pg_logical_emit_message(true, 'refreshd:fence', '2');"
                        + " INSERT INTO t VALUES (1); END $$");
        try (Connection connection = fixture.database.connect()) {
            Heartbeat.emit(connection, new Signal("note", "it's"));
        }
        catchUp(handler);
        assertThat(handler.signals("fence")).extracting(Signal::body).containsExactly("ünïque", "2");
        assertThat(handler.signals("note")).extracting(Signal::body).containsExactly("it's");
        // The end of a transaction that changed nothing may have moved the position before a heartbeat was due.
        await().until(() -> !handler.signals(Signal.HEARTBEAT).isEmpty());
        assertThat(Heartbeat.emittedAt(handler.signals(Signal.HEARTBEAT).getFirst())
                        .orElseThrow())
                .isCloseTo(
                        java.time.Instant.now(),
                        new org.assertj.core.data.TemporalUnitWithinOffset(
                                TestTimeout.LIMIT.toSeconds(), java.time.temporal.ChronoUnit.SECONDS));
        assertThat(handler.changes()).hasSize(1);
    }

    @Test
    void writesFewerHeartbeatsWhileTheDatabaseIsIdle() throws Exception {
        handler.becomeIdle();
        fixture.start(handler);
        await().until(() -> !handler.signals(Signal.HEARTBEAT).isEmpty());
        long begin = System.nanoTime();
        int seen = handler.signals(Signal.HEARTBEAT).size();
        await().until(() -> handler.signals(Signal.HEARTBEAT).size() >= seen + 4);
        // Others may be under way when it begins.
        assertThat(Duration.ofNanos(System.nanoTime() - begin))
                .isGreaterThan(CaptureFixture.HEARTBEAT.multipliedBy(2 * 5));
    }

    @Test
    void goesOnWhereItAcknowledged() throws Exception {
        fixture.database.execute("INSERT INTO t VALUES (1)");
        PgoutputChangeSource first = fixture.start(handler);
        catchUp(handler);
        assertThat(handler.rows(Operation.INSERT)).isOne();
        Lsn acknowledged = handler.routed().orElseThrow();
        await().until(() -> fixture.slot().confirmed().orElseThrow().compareTo(acknowledged) >= 0);
        first.close();
        fixture.database.execute("INSERT INTO t VALUES (2)");

        RecordingHandler failing = fixture.handler();
        failing.before(() -> {
            throw new java.io.IOException("the ledger is gone");
        });
        PgoutputChangeSource second = fixture.start(failing);
        assertThat(second.ended())
                .failsWithin(TestTimeout.LIMIT)
                .withThrowableOfType(java.util.concurrent.ExecutionException.class)
                .withRootCauseInstanceOf(java.io.IOException.class);

        RecordingHandler again = fixture.handler();
        fixture.start(again);
        catchUp(again);
        assertThat(again.rows(Operation.INSERT))
                .as("not acknowledged, so delivered again, and the first not")
                .isOne();
    }

    @Test
    void neverClaimsATransactionThatItHasNotHandedOver() throws Exception {
        fixture.start(handler);
        try (Connection early = fixture.database.connect();
                Connection late = fixture.database.connect();
                Statement one = early.createStatement();
                Statement two = late.createStatement()) {
            early.setAutoCommit(false);
            late.setAutoCommit(false);
            one.execute("INSERT INTO t VALUES (1)");
            two.execute("INSERT INTO t VALUES (2)");
            one.execute("INSERT INTO t VALUES (3)");
            late.commit();
            catchUp(handler);
            assertThat(handler.rows(Operation.INSERT)).isOne();
            Lsn beforeCommit = Lsn.parse(fixture.database
                    .query("SELECT pg_current_wal_insert_lsn()::text")
                    .getFirst());
            early.commit();
            catchUp(handler);
            assertThat(handler.rows(Operation.INSERT)).isEqualTo(3);
            // Each batch that does not hold the second transaction yet must claim less than its commit.
            Xid second = handler.changes().getLast().xids().stream()
                    .max(Xid::compareTo)
                    .orElseThrow();
            boolean seen = false;
            Lsn reached = Lsn.ZERO;
            for (var batch : handler.batches()) {
                seen |= batch.changes().stream()
                        .anyMatch(change -> change.xids().contains(second));
                assertThat(batch.position()).isGreaterThanOrEqualTo(reached);
                reached = batch.position();
                if (seen) {
                    assertThat(batch.position()).isGreaterThan(beforeCommit);
                }
            }
        }
    }
}
