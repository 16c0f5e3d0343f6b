package io.refreshd.ledger;

import java.sql.SQLException;
import java.util.Optional;
import java.util.OptionalLong;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleConsumer;
import org.jdbi.v3.core.JdbiException;

/**
 * A lease is the right to write to the ledger; one daemon holds it at a time.
 *
 * <p>The lease consists of an advisory lock, see {@link LeaseLock}, and a token. The lock belongs to a session, so the server releases it
 * as soon as the holder's connection ends. The token is checked by every write, so a holder that has lost the lock without noticing writes
 * nothing.
 *
 * <p>Thread: {@link #isHeld} and {@link #close} may be called by any thread. The lease owns its connection.
 */
public final class Lease implements AutoCloseable {
    private static final int PROBE_SECONDS = 2;

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
            OptionalLong key = LeaseLock.tryTake(session);
            Optional<Long> token = key.isEmpty() ? Optional.empty() : take(session, holder, key.getAsLong());
            if (token.isPresent()) {
                return Optional.of(new Lease(session, token.get()));
            }
        } catch (RuntimeException e) {
            // An open session would keep the lock, also against the next attempt of this daemon.
            session.close();
            throw e;
        }
        session.close();
        return Optional.empty();
    }

    /** @return the new token; empty if another key has replaced that of the lock meanwhile */
    private static Optional<Long> take(Handle session, String holder, long key) {
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
        // changed.
        return session.createQuery("""
                        INSERT INTO refreshd.lease (token, holder, timeline) VALUES (1, :holder, %s)
                        ON CONFLICT (only_row) DO UPDATE
                        SET token = lease.token + 1, holder = excluded.holder, since = clock_timestamp(),
                            timeline = excluded.timeline
                        WHERE lease.lock_key = :key
                        RETURNING token
                        """.formatted(Timeline.CURRENT))
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

    /** Asks the server whether the session is alive and the token is still the valid one. */
    public synchronized boolean isHeld() {
        try {
            return session.getConnection().isValid(PROBE_SECONDS) && holds(session, token, "SELECT true", "");
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
        return handle.createQuery(select + " FROM refreshd.lease WHERE token = :token AND timeline = "
                        + Timeline.CURRENT + " " + lock)
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
        String bounded = "SELECT pg_catalog.set_config('idle_in_transaction_session_timeout', '30s', true) IS NOT NULL";
        if (!holds(transaction, token, bounded, "FOR KEY SHARE")) {
            throw new LeaseLostException();
        }
    }

    /**
     * Runs the work in a transaction that has proven the token. The commit does not wait for a synchronous standby: what the
     * ledger holds can be found out again, and a standby that is down must not stop the daemon.
     *
     * @throws LeaseLostException if the token is no longer valid; nothing was written
     */
    public static <X extends Exception> void write(Handle handle, long token, HandleConsumer<X> work) throws X {
        handle.useTransaction(transaction -> {
            transaction.execute("SET LOCAL synchronous_commit = local");
            prove(transaction, token);
            work.useHandle(transaction);
        });
    }

    @Override
    public synchronized void close() {
        session.close();
    }
}
