package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.report.Notice;
import io.refreshd.report.ViewStatus;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Locks that others hold on tables.
 *
 * <p>Invariant: a lock stops only the views that read the locked table, and nothing of refreshd holds up a lock of others for long.
 */
class LockedTablesIT {
    private TestDatabase database;
    private Connection other;

    @BeforeEach
    void create() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE locked (id int PRIMARY KEY)",
                "CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id)",
                "CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (1000)",
                "CREATE VIEW between AS SELECT l.id FROM locked l UNION ALL SELECT id FROM parts",
                "CREATE MATERIALIZED VIEW concerned AS SELECT id, count(*) AS n FROM between GROUP BY id",
                "CREATE UNIQUE INDEX ON concerned (id)",
                "CREATE MATERIALIZED VIEW stacked AS SELECT id, n FROM concerned",
                "CREATE UNIQUE INDEX ON stacked (id)",
                "CREATE TABLE free (id int PRIMARY KEY)",
                "CREATE MATERIALIZED VIEW bystander AS SELECT id FROM free",
                "CREATE UNIQUE INDEX ON bystander (id)");
        other = database.connect();
        other.setAutoCommit(false);
    }

    @AfterEach
    void drop() throws Exception {
        other.close();
        database.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "LOCK TABLE locked",
                "ALTER TABLE locked ADD COLUMN more int",
                "LOCK TABLE part",
                "CREATE OR REPLACE VIEW between AS SELECT id FROM locked",
                "ALTER PUBLICATION refreshd DROP TABLE locked"
            })
    void onlyTheViewsThatReadALockedTableStopClaiming(String lock) throws Exception {
        try (RunningDaemon daemon = start("")) {
            awaitFresh("stacked", "bystander");
            execute(lock);
            claimsNothingNew("concerned");
            claimsNothingNew("stacked");
            assertThat(database.query("SELECT reason FROM refreshd.freshness WHERE view_name = 'concerned'")
                            .getFirst())
                    .contains("another session has altered or locked public.");
            awaitReason(daemon, "public.stacked", "another session has altered or locked public.");
            database.execute("INSERT INTO free VALUES (1)");
            awaitFresh("bystander");
            String acknowledged = acknowledged();
            await("the slot moves on").until(() -> !acknowledged.equals(acknowledged()));
            claimsNothingNew("concerned");
            other.rollback();
            awaitFresh("stacked", "bystander");
        }
    }

    /** The table can be read and written, and what the transaction altered may be in force already for those who read the log. */
    @Test
    void aRefreshDuringTheLockClaimsNothingNew() throws Exception {
        try (RunningDaemon daemon = start("")) {
            awaitFresh("stacked", "bystander");
            execute("LOCK TABLE locked IN SHARE UPDATE EXCLUSIVE MODE", "LOCK TABLE part IN ACCESS EXCLUSIVE MODE");
            claimsNothingNew("concerned");
            other.rollback();
            execute("CREATE TABLE new_part (id int)", "LOCK TABLE locked IN SHARE UPDATE EXCLUSIVE MODE");
            claimsNothingNew("concerned");
            String before = watermark("concerned");
            database.execute("INSERT INTO locked VALUES (7)");
            await().untilAsserted(() ->
                    assertThat(database.query("SELECT id FROM stacked")).containsExactly("7"));
            await().until(() -> database.query("SELECT state FROM refreshd.freshness WHERE view_name = 'stacked'")
                    .getFirst()
                    .equals("fresh"));
            claimsNothingNew("concerned");
            claimsNothingNew("stacked");
            assertThat(watermark("concerned")).isEqualTo(before);
            other.rollback();
            awaitFresh("stacked");
        }
    }

    @Test
    void theNextDaemonClaimsNothingNewEither() throws Exception {
        try (RunningDaemon daemon = start("")) {
            awaitFresh("stacked", "bystander");
            execute("LOCK TABLE locked");
            claimsNothingNew("concerned");
            database.execute("INSERT INTO free VALUES (1)");
            awaitFresh("bystander");
        }
        String before = watermark("concerned");
        try (RunningDaemon daemon = start("")) {
            database.execute("INSERT INTO free VALUES (2)");
            awaitFresh("bystander");
            assertThat(watermark("concerned")).isEqualTo(before);
            claimsNothingNew("stacked");
            other.rollback();
            awaitFresh("stacked");
        }
    }

    /** The view is new while what it reads is locked: nothing that was claimed before holds for it. */
    @Test
    void aViewThatIsNewDuringTheLockClaimsNothing() throws Exception {
        try (RunningDaemon daemon = start("")) {
            awaitFresh("stacked", "bystander");
            execute("LOCK TABLE locked IN SHARE UPDATE EXCLUSIVE MODE", "CREATE TABLE unrelated (id int)");
            claimsNothingNew("concerned");
            database.execute(
                    "CREATE MATERIALIZED VIEW fresh_one AS SELECT id FROM locked",
                    "CREATE UNIQUE INDEX ON fresh_one (id)");
            await().until(() -> database.query("SELECT state FROM refreshd.freshness WHERE view_name = 'fresh_one'")
                    .contains("untracked"));
            assertThat(database.query("SELECT watermark FROM refreshd.freshness WHERE view_name = 'fresh_one'"))
                    .containsOnlyNulls();
            database.execute("INSERT INTO free VALUES (1)");
            awaitFresh("bystander");
            other.rollback();
            awaitFresh("fresh_one");
        }
    }

    /** TRIALS: LOCK TABLE new_one IN SHARE MODE before it is published. */
    @Test
    void aTableThatIsLockedBeforeItIsPublishedHoldsUpNothingElse() throws Exception {
        try (RunningDaemon daemon = start("")) {
            awaitFresh("stacked", "bystander");
            execute("CREATE TABLE new_one (id int PRIMARY KEY)");
            other.commit();
            execute("LOCK TABLE new_one IN SHARE MODE");
            database.execute(
                    "CREATE TABLE a_new_two (id int PRIMARY KEY)",
                    "CREATE TABLE z_new_three (id int PRIMARY KEY)",
                    "CREATE MATERIALIZED VIEW of_one AS SELECT id FROM new_one",
                    "CREATE UNIQUE INDEX ON of_one (id)",
                    "CREATE MATERIALIZED VIEW of_two AS SELECT a.id FROM a_new_two a, z_new_three z",
                    "CREATE UNIQUE INDEX ON of_two (id)");
            awaitFresh("of_two");
            awaitReason(daemon, "public.of_one", "another session has locked it");
            database.execute("INSERT INTO free VALUES (1)");
            awaitFresh("bystander");
            other.rollback();
            awaitFresh("of_one");
        }
    }

    @Test
    void theDaemonStartsWhileATableIsLocked() throws Exception {
        try (RunningDaemon daemon = start("")) {
            awaitFresh("stacked", "bystander");
        }
        execute("LOCK TABLE locked");
        try (RunningDaemon daemon = start("")) {
            database.execute("INSERT INTO free VALUES (1)");
            awaitFresh("bystander");
            other.rollback();
            awaitFresh("stacked");
        }
    }

    /** From 16 on the server's own view of a publication waits for every lock on its tables. */
    @Test
    void theCatalogIsReconciledWhileAPublishedTableIsLocked() throws Exception {
        try (RunningDaemon daemon = start("")) {
            awaitFresh("stacked", "bystander");
            execute("LOCK TABLE locked");
            database.execute(
                    "CREATE TABLE later (id int PRIMARY KEY)",
                    "CREATE MATERIALIZED VIEW of_later AS SELECT id FROM later",
                    "CREATE UNIQUE INDEX ON of_later (id)",
                    "INSERT INTO later VALUES (1)");
            awaitFresh("of_later");
            other.rollback();
        }
    }

    /** TRIALS: a TRUNCATE waits for a running refresh, and writers behind it. */
    @Test
    void aTruncateIsNotHeldUpByALongRefresh() throws Exception {
        slowView();
        try (RunningDaemon daemon = start("refresh: { lock-patience: 300ms }")) {
            awaitFresh("slow");
            database.execute("INSERT INTO read_slowly SELECT generate_series(1, 600)");
            // The phase begins before the statement: a TRUNCATE could still be first and leave nothing to compute.
            await("the refresh computes its first row")
                    .until(() -> !database.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                                    + " AND datname = current_database()")
                            .isEmpty());
            CompletableFuture<Void> truncated = CompletableFuture.runAsync(() -> run("TRUNCATE read_slowly"));
            TestTimeout.get(truncated);
            awaitFresh("slow");
            assertThat(database.query("SELECT * FROM slow")).isEmpty();
            assertThat(daemon.notices())
                    .anyMatch(notice -> notice instanceof Notice.RefreshFailed failed
                            && failed.failure().what().contains("gave way")
                            && failed.failure().what().contains("public.read_slowly")
                            && failed.inARow() == 0);
            assertThat(
                            database.query(
                                    "SELECT count(*) FROM refreshd.refresh_history WHERE outcome = 'failed' AND detail LIKE '%gave way%'"))
                    .doesNotContain("0");
        }
    }

    /**
     * Each of these waits for all who have a lock on the view, and a refresh, which has one, waits for it. The server cancels whoever has
     * waited for longer than his deadlock_timeout: here only the owner's command would.
     */
    @ParameterizedTest
    @ValueSource(strings = {"REINDEX TABLE CONCURRENTLY concerned", "DROP INDEX CONCURRENTLY spare"})
    void aRefreshGivesWayToWhoWaitsForItAndItWaitsFor(String command) throws Exception {
        database.execute(
                "CREATE INDEX spare ON concerned (n)",
                "ALTER DATABASE " + database.name() + " SET deadlock_timeout = '1h'");
        try (RunningDaemon daemon = start("refresh: { lock-timeout: 60m, lock-patience: none }")) {
            awaitFresh("stacked");
            execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT FROM concerned");
            CompletableFuture<Void> done =
                    CompletableFuture.runAsync(() -> run("SET deadlock_timeout = '10s'", command));
            awaitWaiting("locktype = 'virtualxid'");
            database.execute("INSERT INTO locked VALUES (1)");
            awaitWaiting("mode = 'ExclusiveLock' AND relation = 'concerned'::regclass");
            other.rollback();
            TestTimeout.get(done);
            awaitFresh("stacked");
            assertThat(database.query("SELECT id FROM stacked")).containsExactly("1");
            assertThat(daemon.notices())
                    .anyMatch(notice -> notice instanceof Notice.RefreshFailed failed
                            && failed.failure().what().contains("waited for each other's locks")
                            && failed.inARow() == 0);
        }
    }

    /** Any role may create temporary functions, and alter what it owns: all this counts for the catalog's fingerprint. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "EXECUTE 'CREATE OR REPLACE FUNCTION pg_temp.f() RETURNS float LANGUAGE sql RETURN ' || random()",
                "CREATE MATERIALIZED VIEW endless AS SELECT id FROM free; COMMIT; DROP MATERIALIZED VIEW endless",
                "CREATE TABLE endless (id int PRIMARY KEY); CREATE MATERIALIZED VIEW of_endless AS SELECT id FROM endless;"
                        + " COMMIT; DROP TABLE endless CASCADE",
                "CREATE SCHEMA endless; COMMIT; DROP SCHEMA endless",
                "CREATE INDEX endless ON theirs (id); COMMIT; DROP INDEX endless",
                "ALTER TABLE theirs REPLICA IDENTITY FULL; COMMIT; ALTER TABLE theirs REPLICA IDENTITY DEFAULT"
            })
    void whoAltersWhatIsHisWithoutEndKeepsNothingElseFromBeingClaimed(String ddl) throws Exception {
        database.execute(
                "CREATE TABLE theirs (id int PRIMARY KEY)",
                "CREATE MATERIALIZED VIEW of_theirs AS SELECT id FROM theirs",
                "CREATE UNIQUE INDEX ON of_theirs (id)");
        try (RunningDaemon daemon = start("")) {
            awaitFresh("stacked", "bystander", "of_theirs");
            other.setAutoCommit(true);
            CompletableFuture<Void> endless = CompletableFuture.runAsync(() -> {
                try (Statement statement = other.createStatement()) {
                    statement.execute("DO $$ BEGIN LOOP " + ddl + "; COMMIT; PERFORM pg_sleep(0.01); END LOOP; END $$");
                } catch (SQLException ended) {
                    // By the end of the test.
                }
            });
            await("it has begun")
                    .until(() -> database.query("SELECT count(*) FROM pg_stat_activity"
                                    + " WHERE datname = current_database() AND query LIKE 'DO $$ BEGIN LOOP%'")
                            .contains("1"));
            database.execute("INSERT INTO free VALUES (1)", "INSERT INTO locked VALUES (1)");
            awaitFresh("bystander", "stacked");
            String acknowledged = acknowledged();
            await("the slot moves on").until(() -> !acknowledged.equals(acknowledged()));
            assertThat(endless).isNotDone();
            other.close();
        }
    }

    private void awaitWaiting(String forWhat) {
        await("a session waits: " + forWhat)
                .until(() -> !database.query("SELECT 1 FROM pg_locks l JOIN pg_stat_activity USING (pid)"
                                + " WHERE datname = current_database() AND NOT granted AND " + forWhat)
                        .isEmpty());
    }

    /** The refresh takes a second for each row of the table. */
    private void slowView() throws Exception {
        database.execute(
                "CREATE FUNCTION slowly(id int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$"
                        + " BEGIN PERFORM pg_catalog.pg_sleep(1); RETURN id; END $$",
                "CREATE TABLE read_slowly (id int PRIMARY KEY)",
                "CREATE MATERIALIZED VIEW slow AS SELECT public.slowly(id) AS id FROM read_slowly",
                "CREATE UNIQUE INDEX ON slow (id)");
    }

    private RunningDaemon start(String more) throws Exception {
        return RunningDaemon.start(database, more);
    }

    private void execute(String... statements) throws SQLException {
        try (Statement statement = other.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private void run(String... statements) {
        try {
            database.execute(statements);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** The ledger may know of it a moment before the daemon's status does. */
    private static void awaitReason(RunningDaemon daemon, String view, String words) {
        await(view + ": " + words)
                .until(() -> daemon.view(view)
                        .flatMap(ViewStatus::reason)
                        .filter(reason -> reason.what().contains(words))
                        .isPresent());
    }

    private void awaitFresh(String... views) {
        for (String view : views) {
            await("something is claimed of " + view)
                    .until(() -> database.query(
                                    "SELECT watermark IS NOT NULL FROM refreshd.freshness WHERE view_name = '" + view
                                            + "'")
                            .contains("t"));
            FreshnessWait.await(view, sql -> database.query(sql));
        }
    }

    /** Waits until the view is frozen, and a position that comes after that is acknowledged. */
    private void claimsNothingNew(String view) throws Exception {
        await(view + " is frozen")
                .until(() -> database.query("SELECT reason FROM refreshd.freshness WHERE view_name = '" + view + "'")
                                        .getFirst()
                                instanceof String why
                        && why.contains("nothing newer than the watermark"));
        String position = database.query("SELECT pg_current_wal_insert_lsn()").getFirst();
        await("the others claim on")
                .until(() -> database.query("SELECT acknowledged >= '" + position + "' FROM refreshd.stream")
                        .contains("t"));
        assertThat(database.query("SELECT watermark < '" + position + "' FROM refreshd.freshness WHERE view_name = '"
                        + view + "'"))
                .containsExactly("t");
    }

    private String watermark(String view) throws Exception {
        return String.valueOf(
                database.query("SELECT watermark FROM refreshd.freshness WHERE view_name = '" + view + "'")
                        .getFirst());
    }

    private String acknowledged() throws Exception {
        return String.valueOf(database.query("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '"
                        + database.slot() + "'")
                .getFirst());
    }
}
