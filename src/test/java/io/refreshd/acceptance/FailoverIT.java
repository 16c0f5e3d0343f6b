package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.demo.LocalPostgres;
import io.refreshd.report.Notice;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.OwnServer;
import io.refreshd.testing.PgCtl;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.ServerFolder;
import io.refreshd.testing.StrictServer;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Another server takes over the address and lacks the end of the log. Changes that the daemon has read did not happen there.
 */
class FailoverIT {
    @TempDir(factory = ServerFolder.Factory.class)
    private Path folder;

    private String url = "";

    /** The other server is a standby that was promoted, or a backup that was restored. */
    @ParameterizedTest
    @CsvSource({"true, timeline", "false, slot-missing"})
    void noWatermarkCoversALostChange(boolean promoted, String gap) throws Exception {
        try (LocalPostgres server = OwnServer.start(folder.resolve("server"), Map.of())) {
            url = server.url("postgres");
            for (String setting : List.of(
                    "wal_level = logical",
                    "max_connections = 200",
                    "max_wal_senders = 50",
                    "max_replication_slots = 50")) {
                run("ALTER SYSTEM SET " + setting);
            }
            run(
                    "CREATE TABLE main (id int PRIMARY KEY, v text)",
                    "INSERT INTO main VALUES (1, 'old')",
                    "CREATE MATERIALIZED VIEW of_main AS SELECT id, v FROM main",
                    "CREATE UNIQUE INDEX ON of_main (id)");
            PgCtl first = PgCtl.of(folder.resolve("server"));
            try (RunningDaemon daemon = RunningDaemon.start(RunningDaemon.configuration(url, "failover", ""))) {
                daemon.awaitFresh();
                first.stop();
                PgCtl other = first.copy(folder.resolve("other"));
                first.start(server.port());
                await().ignoreExceptions().until(() -> {
                    run("UPDATE main SET v = 'lost'");
                    return true;
                });
                await().until(() -> ask("SELECT v FROM of_main").equals(List.of("lost")));
                // The other server has not reached these positions yet.
                run("CREATE TABLE heap AS SELECT repeat(md5(i::text), 20) AS t FROM generate_series(1, 20000) i");
                daemon.awaitFresh();
                first.stop();
                try {
                    takeOver(other, server.port(), promoted);
                    run("UPDATE main SET v = 'after it'");
                    await().until(() -> {
                        assertThat(ask("SELECT bool_and(coalesce(watermark <= pg_current_wal_insert_lsn(), true))"
                                        + " FROM refreshd.freshness"))
                                .as("a claim of what has not happened here")
                                .containsExactly("t");
                        return ask("SELECT v FROM of_main").equals(List.of("after it"));
                    });
                    await().until(() -> daemon.notices().contains(new Notice.GapFound(gap)));
                    FreshnessWait.await("of_main", this::ask);
                } finally {
                    other.stop();
                    first.start(server.port());
                }
            }
        }
    }

    private void takeOver(PgCtl other, int port, boolean promoted) throws Exception {
        if (promoted) {
            other.standBy();
        }
        other.start(port);
        if (promoted) {
            await().ignoreExceptions()
                    .until(() -> ask("SELECT pg_is_in_recovery()").equals(List.of("t")));
            run("SELECT pg_promote()");
        }
    }

    private void run(String... statements) throws SQLException {
        StrictServer.run(url, "", statements);
    }

    private List<String> ask(String sql) throws SQLException {
        return StrictServer.ask(url, "", sql);
    }
}
