package io.refreshd.bench;

import io.refreshd.testing.Signals;
import java.io.IOException;
import java.sql.SQLException;

/**
 * The server's process that feeds the reader of a slot. It reads all that is written to any database, so it can be suspended while
 * its reader is: else every commit would wake it too.
 */
final class Walsender {
    private final BenchDatabase database;

    /** @param database of a server of our own, on this machine */
    Walsender(BenchDatabase database) {
        this.database = database;
    }

    void resume() throws Exception {
        Signals.send("CONT", pid());
    }

    /** Only while it waits for more to read: then it holds nothing that another process could need. */
    void suspend() throws Exception {
        Waiting.until("the walsender of " + database.slot() + " has nothing to do", this::suspendedWaiting);
    }

    private boolean suspendedWaiting() throws SQLException, IOException, InterruptedException {
        long pid = pid();
        if (!waits(pid)) {
            return false;
        }
        Signals.send("STOP", pid);
        // Something may have woken it in between.
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
