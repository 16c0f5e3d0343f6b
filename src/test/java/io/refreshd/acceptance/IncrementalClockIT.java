package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.incremental.Conversion;
import io.refreshd.model.ViewId;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

/** An incremental view that compares a column with the clock, kept by the daemon: rows come by the log and leave by time. */
@NullUnmarked // Set before it is used.
class IncrementalClockIT {
    /** The view is suspended if a round would recompute everything. */
    private static final String KEYS_ONLY = "views: { quiet-period: 20ms, untracked-max-staleness: 200ms,"
            + " overrides: { public.recent: { full-recompute: never }, public.late: { full-recompute: never } } }";

    private TestDatabase database;

    private String one(String sql) throws Exception {
        return String.valueOf(database.query(sql).getFirst());
    }

    private void awaitShown(String view, String ids) {
        await().until(() -> one("SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), '') FROM " + view)
                .equals(ids));
    }

    /** The log was read, and the view lacks no change that it tells of. */
    private void awaitRead() throws Exception {
        String position = one("SELECT pg_current_wal_insert_lsn()");
        await().until(() -> one("SELECT (SELECT acknowledged FROM refreshd.stream) >= '" + position
                        + "' AND bool_and(state = 'untracked') FROM refreshd.freshness")
                .equals("t"));
    }

    private void convert(String view) throws Exception {
        try (Handle handle = database.open()) {
            Conversion.forward(handle, new ViewId("public", view));
        }
        await().until(() -> one("SELECT count(*) FROM refreshd.incremental_clock JOIN pg_class ON oid = view_oid"
                        + " WHERE relname = '" + view + "'")
                .equals("1"));
    }

    /** Also what would have been. A round for which the log was not read in time is tried again. */
    private List<String> recomputedAsAWhole() throws Exception {
        return database.query("SELECT view_name || ': ' || detail FROM refreshd.refresh_history"
                + " WHERE detail LIKE 'everything%' OR detail LIKE '%would have to be recomputed%'");
    }

    @Test
    void rowsComeByTheLogAndLeaveByTimeAlsoWhileTheDaemonIsAway() throws Exception {
        database = TestDatabase.create();
        try {
            database.execute(
                    "CREATE TABLE t (id int PRIMARY KEY, at timestamptz)",
                    "CREATE INDEX ON t (at)",
                    "INSERT INTO t VALUES (1, 'infinity')",
                    "CREATE MATERIALIZED VIEW recent AS SELECT id FROM t WHERE at > now() - interval '1 hour'",
                    "CREATE MATERIALIZED VIEW late AS SELECT id FROM t WHERE at <= now()");
            try (RunningDaemon daemon = RunningDaemon.start(database, KEYS_ONLY)) {
                convert("recent");
                convert("late");
                // The history is written after the rows.
                await().until(() -> recomputedAsAWhole().size() == 2);
                database.execute(
                        "INSERT INTO t VALUES (2, now() - interval '1 minute'), (3, clock_timestamp() + interval '1 s')");
                awaitShown("recent", "1 2 3");
                awaitShown("late", "2 3");
                database.execute(
                        "UPDATE t SET at = clock_timestamp() - interval '1 hour' + interval '1 s' WHERE id = 2");
                awaitShown("recent", "1 3");
                awaitShown("late", "2 3");
                awaitRead();
                assertThat(database.query(
                                "SELECT DISTINCT state || coalesce(watermark::text, '') FROM refreshd.freshness"))
                        .as("nothing is claimed of it")
                        .containsExactly("untracked");
                database.execute("UPDATE t SET at = now() WHERE id = 2");
                awaitShown("recent", "1 2 3");
                awaitRead();
            }
            // The kept bound is moved into the future: so the row lies between, as if time had passed it meanwhile.
            database.execute("UPDATE t SET at = now() + interval '10 minutes' WHERE id = 3");
            try (RunningDaemon daemon = RunningDaemon.start(database, KEYS_ONLY)) {
                awaitShown("late", "2");
                awaitRead();
            }
            String store =
                    one("SELECT store_oid::regclass FROM refreshd.incremental_view JOIN pg_class c ON c.oid = view_oid"
                            + " WHERE relname = 'late'");
            database.execute(
                    "UPDATE refreshd.incremental_clock SET bound_timestamptz = bound_timestamptz + interval '20 minutes'"
                            + " WHERE view_oid = 'late'::regclass",
                    "INSERT INTO " + store + " VALUES (3)");
            assertThat(database.query("SELECT id FROM late ORDER BY 1")).containsExactly("2", "3");
            try (RunningDaemon daemon = RunningDaemon.start(database, KEYS_ONLY)) {
                awaitShown("late", "2");
                assertThat(recomputedAsAWhole()).hasSize(2);
            }
        } finally {
            database.close();
        }
    }
}
