package io.refreshd.exchange;

import io.refreshd.database.PlainSession;
import io.refreshd.model.SqlNames;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * Runs statements within a transaction, notes them for people, and takes strong locks so that others wait only briefly. A dry run runs
 * what takes no time and locks nobody out, and notes the rest.
 */
public final class Statements {
    /** Attempts to get a lock, each for at most the lock timeout, during which others queue behind it. */
    private static final int ATTEMPTS = 60;

    private static final String LOCK_NOT_AVAILABLE = "55P03";
    private static final String DEADLOCK = "40P01";

    private final Handle transaction;
    private final boolean dryRun;
    private final List<String> notes = new ArrayList<>();

    public Statements(Handle transaction) {
        this(transaction, false);
    }

    private Statements(Handle transaction, boolean dryRun) {
        this.transaction = transaction;
        this.dryRun = dryRun;
    }

    /** @param transaction which the caller rolls back */
    public static Statements dryRun(Handle transaction) {
        return new Statements(transaction, true);
    }

    /** A part of a transaction that takes locks. */
    @FunctionalInterface
    public interface Locking {
        void run() throws SQLException;
    }

    public boolean isDryRun() {
        return dryRun;
    }

    /** What was run, and would have been, in order. */
    public List<String> notes() {
        return List.copyOf(notes);
    }

    /** Notes something that is no statement. */
    public void remark(String text) {
        notes.add("-- " + text);
    }

    public void execute(String sql) throws SQLException {
        notes.add(sql);
        run(sql);
    }

    public void execute(List<String> statements) throws SQLException {
        for (String sql : statements) {
            execute(sql);
        }
    }

    /** Runs a statement under the settings of another session. */
    public void execute(PlainSession session, String sql) throws SQLException {
        notes.add(sql);
        session.execute(transaction.getConnection(), sql);
    }

    /** Runs a statement that takes long, or keeps others waiting; a dry run only notes it. */
    public void executeUnlessDryRun(String sql) throws SQLException {
        notes.add(sql);
        if (!dryRun) {
            run(sql);
        }
    }

    /** Runs a statement that takes long under the settings of another session; a dry run only notes it. */
    public void executeUnlessDryRun(PlainSession session, String sql) throws SQLException {
        notes.add(sql);
        if (!dryRun) {
            session.execute(transaction.getConnection(), sql);
        }
    }

    private void run(String sql) throws SQLException {
        Connection connection = transaction.getConnection();
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute(sql);
        }
    }

    /** Creates new tables and indexes in a tablespace. @param name empty: that of the database */
    public void inTablespace(String name) throws SQLException {
        execute("SET LOCAL default_tablespace = " + SqlNames.literal(name));
    }

    /**
     * Runs a part that takes locks, again and again until it gets all of them. The lock timeout is the former one afterwards.
     *
     * <p>Invariant: it waits for less time than a session waits before it looks for a deadlock. So where a reader and this transaction
     * wait for each other, it is this one that gives up.
     */
    public void underLocks(Duration longest, Locking part) throws SQLException {
        String before = transaction
                .createQuery("SELECT s.setting || s.unit FROM pg_catalog.pg_settings s WHERE s.name = 'lock_timeout'")
                .mapTo(String.class)
                .one();
        int noted = notes.size();
        for (int attempt = 1; ; attempt++) {
            run("SAVEPOINT refreshd_locks");
            run("SELECT pg_catalog.set_config('lock_timeout', least(" + longest.toMillis()
                    + ", (SELECT s.setting::integer / 2 FROM pg_catalog.pg_settings s WHERE s.name = 'deadlock_timeout'))"
                    + "::text || 'ms', true)");
            try {
                part.run();
                run("RELEASE SAVEPOINT refreshd_locks");
                run("SELECT pg_catalog.set_config('lock_timeout', '" + before + "', true)");
                return;
            } catch (SQLException e) {
                boolean locked = LOCK_NOT_AVAILABLE.equals(e.getSQLState()) || DEADLOCK.equals(e.getSQLState());
                if (!locked || attempt >= ATTEMPTS) {
                    throw e;
                }
                run("ROLLBACK TO SAVEPOINT refreshd_locks");
                run("RELEASE SAVEPOINT refreshd_locks");
                notes.subList(noted, notes.size()).clear();
                // Lets those who have queued behind this attempt go first.
                run("SELECT pg_catalog.pg_sleep(0.5)");
            }
        }
    }
}
