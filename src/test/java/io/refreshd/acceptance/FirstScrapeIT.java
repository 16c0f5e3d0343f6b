package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.demo.FreePort;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The metrics before the daemon has read the catalog, and in the first scrape after it. */
class FirstScrapeIT {
    /**
     * Why not 503: Prometheus would set {@code up} to 0, as for a dead daemon, and would have no series that show the cause.
     */
    @Test
    void whileTheDatabaseIsAwayAScrapeTellsOfTheStreamAndOfNoView() throws Exception {
        String nobody = "jdbc:postgresql://127.0.0.1:" + FreePort.find() + "/app";
        try (RunningDaemon daemon = RunningDaemon.prepare(nobody, "refreshd")) {
            CompletableFuture<Void> started = CompletableFuture.runAsync(daemon::begin);
            await("HTTP answers")
                    .ignoreExceptions()
                    .until(() -> !daemon.scrape().isEmpty());
            assertThat(daemon.scrape())
                    .contains("refreshd_capture_state{state=\"connecting\"} 1.0")
                    .contains("refreshd_capture_last_message_age_seconds ")
                    .contains("refreshd_gaps_total{reason=\"slot-lost\"} 0.0")
                    .contains("jvm_memory_used_bytes{")
                    .contains("process_start_time_seconds ")
                    .doesNotContain("view=\"")
                    .doesNotContain("table=\"");
            assertThat(started).isNotDone();
        }
    }

    @Test
    void theFirstScrapeThatShowsAViewShowsThemAll() throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            database.execute("CREATE TABLE main (id int PRIMARY KEY, v text)");
            for (int i = 0; i < 20; i++) {
                database.execute(
                        "CREATE MATERIALIZED VIEW role_" + i + " AS SELECT id, v FROM main",
                        "CREATE UNIQUE INDEX ON role_" + i + " (id)");
            }
            try (RunningDaemon daemon = RunningDaemon.prepare(database, "")) {
                CompletableFuture<Void> started = CompletableFuture.runAsync(daemon::begin);
                String[] first = new String[1];
                await("a view is shown").ignoreExceptions().until(() -> {
                    first[0] = daemon.scrape();
                    return first[0].contains("view=\"");
                });
                assertThat(count(first[0], "refreshd_view_staleness_seconds{")).isEqualTo(20);
                assertThat(count(first[0], "refreshd_target_lag_missed_total{")).isEqualTo(20);
                assertThat(count(first[0], "refreshd_refreshes_total{")).isEqualTo(4 * 20);
                assertThat(first[0]).contains("refreshd_table_captured{table=\"public.main\"}");
                await("it streams").until(started::isDone);
            }
        }
    }

    private static long count(String scrape, String start) {
        return scrape.lines().filter(line -> line.startsWith(start)).count();
    }
}
