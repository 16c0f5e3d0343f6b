package io.refreshd.bench;

import io.refreshd.testing.Signals;
import java.io.IOException;
import java.sql.SQLException;

/**
 * The walsender of a slot.
 *
 * <p>A walsender reads the log of all databases, so every commit wakes it. While its reader is suspended, it can be
 * suspended too.
 */
final class Walsender {
    private final BenchDatabase database;

    /** @param database on a server that the benchmark has started on this machine */
    Walsender(BenchDatabase database) {
        this.database = database;
    }

    void resume() throws Exception {
        Signals.send("CONT", pid());
    }

    /** Suspends the walsender while it waits for more log: then it holds no lock that another process could need. */
    void suspend() throws Exception {
        Waiting.until("the walsender of " + database.slot() + " has nothing to do", this::suspendedWaiting);
    }

    private boolean suspendedWaiting() throws SQLException, IOException, InterruptedException {
        long pid = pid();
        if (!waits(pid)) {
            return false;
        }
        Signals.send("STOP", pid);
        // A commit may have woken the walsender in the meantime.
        boolean waits = waits(pid);
        if (!waits) {
            Signals.send("CONT", pid);
        }
        return waits;
    }

    private long pid() throws SQLException {
        return Long.parseLong(database.query(
                        "SELECT active_pid FROM pg_replication_slots WHERE slot_name = '" + database.slot() + "'")
                .getFirst());
    }

    private boolean waits(long pid) throws SQLException {
        return database.query("SELECT wait_event FROM pg_stat_activity WHERE pid = " + pid)
                .contains("WalSenderWaitForWal");
    }
}
