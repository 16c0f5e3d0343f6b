package io.refreshd.ledger;

import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleConsumer;
import org.jdbi.v3.core.JdbiException;

/**
 * A lease is the right to write to the ledger; one daemon holds it at a time.
 *
 * <p>The lease consists of an advisory lock and a token. The lock belongs to a session, so the server releases it as soon as
 * the holder's connection ends. The token is checked by every write, so a holder that has lost the lock without noticing writes
 * nothing.
 *
 * <p>Every role may take any advisory lock, and sees the keys of those that are taken. So each holder draws a key of its own, takes the
 * lock, and only then writes the key to the ledger; and a lock counts only if its holder may write to the ledger.
 *
 * <p>Thread: {@link #isHeld} and {@link #close} may be called by any thread. The lease owns its connection.
 */
public final class Lease implements AutoCloseable {
    private static final int PROBE_MILLIS = 2_000;
    private static final SecureRandom KEYS = new SecureRandom();

    /**
     * Whether the session of the last holder lives. Before version 5 of the ledger the key was the same for all. The key is one per
     * database, whatever the slot is called: a database has one ledger.
     */
    private static final String IS_HELD = """
            EXISTS (SELECT FROM pg_catalog.pg_locks l
                      JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
                     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                       AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
                       AND (l.classid::int8 << 32) + l.objid::int8
                           = coalesce(lease.lock_key, pg_catalog.hashtextextended('refreshd', 0))
                       AND coalesce(pg_catalog.has_table_privilege(a.usesysid, 'refreshd.lease', 'UPDATE'), false))
            """;

    private static final String OF_TOKEN =
            " FROM refreshd.lease WHERE token = :token AND timeline = " + Timeline.CURRENT + " ";

    private static final String BOUNDED =
            "SELECT pg_catalog.set_config('idle_in_transaction_session_timeout', '30s', true) IS NOT NULL";
    private static final String LOCAL = " AND pg_catalog.set_config('synchronous_commit', 'local', true) IS NOT NULL";

    /**
     * SQL of the query that {@link #proveAndCommitLocally} runs, for a statement that is a transaction by itself: it has a row if the token
     * is valid, and the statement must write nothing if it has none. Parameter: {@code token}.
     */
    static final String PROOF = BOUNDED + LOCAL + " AS held" + OF_TOKEN + "FOR KEY SHARE";

    private final Handle session;
    private final long token;

    private Lease(Handle session, long token) {
        this.session = session;
        this.token = token;
    }

    /**
     * Takes the lease if no other daemon holds it.
     *
     * @param session a connection that is used for nothing else; it is closed if the lease is not taken
     * @param holder a name for people to read
     * @return empty if another daemon holds the lease
     */
    public static Optional<Lease> tryTake(Handle session, String holder) {
        try {
            // Asked first: the write that follows would wait for writes of the present holder.
            boolean held = session.createQuery("SELECT " + IS_HELD + " FROM refreshd.lease")
                    .mapTo(Boolean.class)
                    .findOne()
                    .orElse(false);
            if (!held) {
                Optional<Long> token = take(session, holder);
                if (token.isPresent()) {
                    return Optional.of(new Lease(session, token.get()));
                }
            }
        } catch (RuntimeException e) {
            // An open session would keep the lock, also against the next attempt of this daemon.
            session.close();
            throw e;
        }
        session.close();
        return Optional.empty();
    }

    /** @return the new token; empty if another daemon was faster */
    private static Optional<Long> take(Handle session, String holder) {
        long key = KEYS.nextLong();
        session.createQuery("SELECT pg_catalog.pg_try_advisory_lock(:key)")
                .bind("key", key)
                .mapTo(Boolean.class)
                .one();
        session.execute("SET synchronous_commit = local");
        // A connection that broke without a packet leaves its session on the server, which would keep the lock for
        // hours. The daemon checks the lease far more often than every 60 s, so a live session is never idle that long.
        session.execute("SET idle_session_timeout = '60s'");
        // A machine that no longer answers is detected sooner, within 15 s.
        session.execute("SET tcp_keepalives_idle = 5");
        session.execute("SET tcp_keepalives_interval = 5");
        session.execute("SET tcp_keepalives_count = 2");
        session.execute("SET tcp_user_timeout = '15s'");
        // This write waits for transactions of the previous holder that proved the old token; any later one finds it
        // changed. Of two daemons the second one waits for the first, and finds its lock.
        return session.createQuery("""
                        INSERT INTO refreshd.lease (token, holder, timeline, lock_key) VALUES (1, :holder, %s, :key)
                        ON CONFLICT (only_row) DO UPDATE
                        SET token = lease.token + 1, holder = excluded.holder, since = clock_timestamp(),
                            timeline = excluded.timeline, lock_key = excluded.lock_key
                        WHERE NOT %s
                        RETURNING token
                        """.formatted(Timeline.CURRENT, IS_HELD))
                .bind("holder", holder)
                .bind("key", key)
                .mapTo(Long.class)
                .findOne();
    }

    /** Returns who holds the lease and since when, for people to read. */
    public static String holder(Handle handle) {
        return handle.createQuery("SELECT holder || ' since ' || date_trunc('second', since) FROM refreshd.lease")
                .mapTo(String.class)
                .findOne()
                .orElse("somebody");
    }

    public long token() {
        return token;
    }

    /** Asks the server whether the session is alive and the token is still the valid one. A session that does not answer is given up. */
    public synchronized boolean isHeld() {
        Connection connection = session.getConnection();
        try {
            int before = connection.getNetworkTimeout();
            connection.setNetworkTimeout(Runnable::run, PROBE_MILLIS);
            boolean held = holds(session, token, "SELECT true", "");
            connection.setNetworkTimeout(Runnable::run, before);
            return held;
        } catch (SQLException | JdbiException e) {
            return false;
        }
    }

    /**
     * Checks the token together with the timeline. The row with the token is replicated, so it exists on a promoted standby
     * too. This daemon's positions are of the timeline before the promotion, and may denote transactions that never happened on
     * this server.
     */
    private static boolean holds(Handle handle, long token, String select, String lock) {
        return handle.createQuery(select + OF_TOKEN + lock)
                .bind("token", token)
                .mapTo(Boolean.class)
                .findOne()
                .orElse(false);
    }

    /**
     * Checks the token, and locks it until the end of the transaction. Every transaction that writes to the ledger calls this
     * first. The next daemon to take the lease waits for the lock, so the server ends the transaction if this process stops in
     * the middle of it.
     *
     * @throws LeaseLostException if the token is no longer valid; the transaction must write nothing
     */
    public static void prove(Handle transaction, long token) {
        prove(transaction, token, "");
    }

    /**
     * The same, and the commit will not wait for a synchronous standby: what the ledger holds can be found out again, and a standby that is
     * down must not stop the daemon.
     */
    public static void proveAndCommitLocally(Handle transaction, long token) {
        prove(transaction, token, LOCAL);
    }

    /**
     * The same as {@link #prove}, and the commit will not wait at all. For what a later transaction of the ledger makes durable: it stands
     * before that one in the log.
     */
    public static void proveAndCommitWithoutWaiting(Handle transaction, long token) {
        prove(transaction, token, " AND pg_catalog.set_config('synchronous_commit', 'off', true) IS NOT NULL");
    }

    private static void prove(Handle transaction, long token, String settings) {
        if (!holds(transaction, token, BOUNDED + settings, "FOR KEY SHARE")) {
            throw new LeaseLostException();
        }
    }

    /**
     * Runs the work in a transaction that has proven the token, and commits it locally ({@link #proveAndCommitLocally}).
     *
     * @throws LeaseLostException if the token is no longer valid; nothing was written
     */
    public static <X extends Exception> void write(Handle handle, long token, HandleConsumer<X> work) throws X {
        handle.useTransaction(transaction -> {
            proveAndCommitLocally(transaction, token);
            work.useHandle(transaction);
        });
    }

    @Override
    public synchronized void close() {
        session.close();
    }
}
