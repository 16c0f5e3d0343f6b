package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.testing.DaemonProcess;
import io.refreshd.testing.MovableClock;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Jumps of the wall clock under a running daemon. Its timestamps follow; its refreshes and watermarks do not depend on them.
 */
class DaemonClockIT {
    @TempDir
    private Path folder;

    private TestDatabase database;

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, v int)",
                "INSERT INTO main VALUES (1, 0)",
                "CREATE MATERIALIZED VIEW all_rows AS SELECT id, v FROM main",
                "CREATE UNIQUE INDEX ON all_rows (id)");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @Test
    void itJumpsByAnHourAndBack() throws Exception {
        MovableClock clock = MovableClock.orSkip(folder);
        Path configuration =
                DaemonProcess.write(folder, RunningDaemon.configuration(database.url(), database.slot(), ""));
        try (DaemonProcess daemon =
                DaemonProcess.of(configuration).environment(clock.environment()).start()) {
            await()
                    // Until the ledger exists.
                    .ignoreExceptions()
                    .until(() -> database.query("SELECT (state, active) FROM refreshd.freshness, pg_replication_slots"
                                    + " WHERE slot_name = '" + database.slot() + "' AND watermark IS NOT NULL")
                            .equals(List.of("(fresh,t)")));
            String epoch = epoch();
            for (Duration offset : List.of(Duration.ofHours(1), Duration.ofHours(-1), Duration.ZERO)) {
                clock.set(offset);
                await("a refresh at an hour of " + offset).until(() -> isOff(refreshAfterAWrite(daemon), offset));
            }
            assertThat(epoch()).as("no gap: the stream went on").isEqualTo(epoch);
            // The staleness of a view is a difference between the clocks of two machines.
            assertThat(daemon.lines())
                    .noneMatch(line ->
                            line.contains(" ERROR ") || line.contains(" WARN ") && !line.contains("Target lag missed"));
        }
    }

    /** @return the log line of the refresh; it begins with the time of day of the daemon */
    private String refreshAfterAWrite(DaemonProcess daemon) throws Exception {
        long before = daemon.count("RefreshLog");
        database.execute("UPDATE main SET v = v + 1");
        await().until(() -> database.query("SELECT v FROM all_rows").equals(database.query("SELECT v FROM main")));
        await().until(() -> daemon.count("RefreshLog") > before);
        return daemon.lines().getLast();
    }

    private static boolean isOff(String line, Duration offset) {
        OffsetDateTime logged = OffsetDateTime.parse(line.substring(0, line.indexOf(' ')));
        Duration off =
                Duration.between(OffsetDateTime.now(), logged).minus(offset).abs();
        return off.compareTo(Duration.ofMinutes(1)) < 0;
    }

    private String epoch() throws Exception {
        return database.query("SELECT epoch FROM refreshd.stream").getFirst();
    }
}
