package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.incremental.Conversion;
import io.refreshd.model.ViewId;
import io.refreshd.report.ViewPhase;
import io.refreshd.testing.DaemonProcess;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What incremental views lack when the daemon ends comes from the log once more. */
@NullUnmarked // Set before each test.
class IncrementalRestartIT {
    private static final String SLOWLY = "views: { overrides: { public.v: { quiet-period: 10m, target-lag: 1h } } }";

    @TempDir
    private Path folder;

    private TestDatabase database;

    @BeforeEach
    void create() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, title text)",
                "INSERT INTO main SELECT i, 'title' FROM generate_series(1, 10) i",
                "CREATE MATERIALIZED VIEW v AS SELECT title FROM main",
                "CREATE MATERIALIZED VIEW other AS SELECT id, title FROM main",
                "CREATE UNIQUE INDEX ON other (id)");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    private void convert(RunningDaemon daemon) throws Exception {
        try (Handle handle = database.open()) {
            Conversion.forward(handle, new ViewId("public", "v"));
        }
        daemon.awaitPhase("public.v", ViewPhase.FRESH);
        await().until(() -> one("SELECT refreshes > 0 FROM refreshd.view_state WHERE view_name = 'v'")
                .equals("t"));
    }

    private String one(String sql) throws Exception {
        return database.query(sql).getFirst();
    }

    private String last() throws Exception {
        return one("SELECT detail FROM refreshd.refresh_history WHERE view_name = 'v' ORDER BY id DESC LIMIT 1");
    }

    private void change(String title) throws Exception {
        database.execute("UPDATE main SET title = '" + title + "' WHERE id = 3");
        await().until(() -> one("SELECT marked > covered FROM refreshd.view_state WHERE view_name = 'v'")
                .equals("t"));
        FreshnessWait.await("other", database::query);
    }

    private void assertShown(String title) throws Exception {
        FreshnessWait.await("v", database::query);
        assertThat(database.query("SELECT count(*) FROM v WHERE title = '" + title + "'"))
                .containsExactly("1");
    }

    private boolean slotHasPassed(String position) throws Exception {
        return one("SELECT confirmed_flush_lsn > '" + position + "' FROM pg_replication_slots WHERE slot_name = '"
                        + database.slot() + "'")
                .equals("t");
    }

    @Test
    void changesThatWaitAreReadAgainUnlessTheViewWasPaused() throws Exception {
        try (RunningDaemon first = RunningDaemon.start(database, SLOWLY)) {
            convert(first);
            change("waiting");
            String position = one("SELECT pg_current_wal_insert_lsn()");
            change("waiting still");
            FreshnessWait.await("other", database::query);
            assertThat(one("SELECT acknowledged >= '" + position + "' FROM refreshd.stream"))
                    .as("the claims of other views go on")
                    .isEqualTo("t");
            assertThat(slotHasPassed(position)).isFalse();
        }
        try (RunningDaemon second = RunningDaemon.start(database)) {
            assertShown("waiting still");
            assertThat(last()).isEqualTo("1 key recomputed");
            assertThat(one("SELECT epoch FROM refreshd.stream")).isEqualTo("1");

            ask("pause");
            second.awaitPhase("public.v", ViewPhase.PAUSED);
            change("paused");
            String position = one("SELECT pg_current_wal_insert_lsn()");
            await("the slot goes on").until(() -> slotHasPassed(position));
            resume();
            assertShown("paused");
            assertThat(last()).as("the rows are known in memory").isEqualTo("1 key recomputed");

            ask("pause");
            second.awaitPhase("public.v", ViewPhase.PAUSED);
            change("paused again");
            String after = one("SELECT pg_current_wal_insert_lsn()");
            await("the slot goes on").until(() -> slotHasPassed(after));
        }
        try (RunningDaemon third = RunningDaemon.start(database)) {
            third.awaitPhase("public.v", ViewPhase.PAUSED);
            resume();
            assertShown("paused again");
            assertThat(last())
                    .isEqualTo("everything recomputed: it lacked changes when refreshd started, and the log holds not"
                            + " all of them");
        }
    }

    private void resume() throws Exception {
        ask("resume");
        // A paused view is waited for by nobody.
        await("resumed")
                .until(() -> one("SELECT paused FROM refreshd.view_state WHERE view_name = 'v'")
                        .equals("f"));
    }

    private void ask(String kind) throws Exception {
        database.execute("INSERT INTO refreshd.request (kind, view_oid) VALUES ('" + kind + "', 'v'::regclass);"
                + " SELECT pg_logical_emit_message(true, 'refreshd:request', '')");
    }

    @Test
    void killedInTheMiddleOfARoundItGoesByKeysNevertheless() throws Exception {
        try (RunningDaemon first = RunningDaemon.start(database)) {
            convert(first);
        }
        String store = one("SELECT store_oid::regclass::text FROM refreshd.incremental_view");
        Path configuration = DaemonProcess.write(
                folder, RunningDaemon.configuration(database.url(), database.slot(), "refresh: { lock-timeout: 10m }"));
        try (DaemonProcess killed = DaemonProcess.of(configuration).start();
                Connection locking = database.connect();
                Statement statement = locking.createStatement()) {
            locking.setAutoCommit(false);
            FreshnessWait.await("v", database::query);
            statement.execute("LOCK TABLE " + store + " IN SHARE MODE");
            database.execute("UPDATE main SET title = 'killed' WHERE id = 3");
            await().until(() -> one("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '" + store
                            + "'::regclass")
                    .equals("1"));
            killed.kill();
            locking.rollback();
        }
        try (DaemonProcess next = DaemonProcess.of(configuration).start()) {
            assertShown("killed");
            assertThat(List.of(last())).as(next.lines().toString()).containsExactly("1 key recomputed");
        }
    }
}
