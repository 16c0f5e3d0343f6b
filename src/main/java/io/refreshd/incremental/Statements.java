package io.refreshd.incremental;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.jdbi.v3.core.Handle;

/** Runs statements within a transaction, and takes strong locks so that others wait only briefly. */
final class Statements {
    /** Attempts to get a lock, each for at most the lock timeout, during which others queue behind it. */
    private static final int ATTEMPTS = 60;

    private static final String LOCK_NOT_AVAILABLE = "55P03";
    private static final String DEADLOCK = "40P01";

    private final Handle transaction;

    Statements(Handle transaction) {
        this.transaction = transaction;
    }

    /** A part of a transaction that takes locks. */
    @FunctionalInterface
    interface Locking {
        void run() throws SQLException;
    }

    void execute(String sql) throws SQLException {
        Connection connection = transaction.getConnection();
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute(sql);
        }
    }

    /**
     * Runs a part that takes locks, again and again until it gets all of them. The lock timeout is the former one afterwards.
     *
     * <p>Invariant: it waits for less time than a session waits before it looks for a deadlock. So where a reader and this transaction
     * wait for each other, it is this one that gives up.
     */
    void underLocks(Duration longest, Locking part) throws SQLException {
        String before = transaction
                .createQuery("SELECT s.setting || s.unit FROM pg_catalog.pg_settings s WHERE s.name = 'lock_timeout'")
                .mapTo(String.class)
                .one();
        for (int attempt = 1; ; attempt++) {
            execute("SAVEPOINT refreshd_locks");
            execute("SELECT pg_catalog.set_config('lock_timeout', least(" + longest.toMillis()
                    + ", (SELECT s.setting::integer / 2 FROM pg_catalog.pg_settings s WHERE s.name = 'deadlock_timeout'))"
                    + "::text || 'ms', true)");
            try {
                part.run();
                execute("RELEASE SAVEPOINT refreshd_locks");
                execute("SELECT pg_catalog.set_config('lock_timeout', '" + before + "', true)");
                return;
            } catch (SQLException e) {
                boolean locked = LOCK_NOT_AVAILABLE.equals(e.getSQLState()) || DEADLOCK.equals(e.getSQLState());
                if (!locked || attempt >= ATTEMPTS) {
                    throw e;
                }
                execute("ROLLBACK TO SAVEPOINT refreshd_locks");
                execute("RELEASE SAVEPOINT refreshd_locks");
                // Lets those who have queued behind this attempt go first.
                execute("SELECT pg_catalog.pg_sleep(0.5)");
            }
        }
    }
}
