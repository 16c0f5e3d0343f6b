package io.refreshd.ledger;

import java.sql.SQLException;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleConsumer;

/**
 * The right to write to the ledger, of which there is one. Held by a session's advisory lock, so that it is free the moment its
 * holder is gone, and proven to every write by a token, so that a holder who does not know yet that it is gone writes nothing.
 *
 * <p>Owns the connection that it is held by. Any thread may ask {@link #isHeld}.
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
     * Tries to become the one.
     *
     * @param session a connection for nothing else; closed if the lease cannot be had
     * @param slot each slot has a lease of its own
     * @param holder who is asking, for people
     * @return empty if somebody else is the one
     */
    public static Optional<Lease> tryTake(Handle session, String slot, String holder) {
        boolean locked = session.createQuery("SELECT pg_try_advisory_lock(hashtextextended('refreshd:' || :slot, 0))")
                .bind("slot", slot)
                .mapTo(Boolean.class)
                .one();
        if (!locked) {
            session.close();
            return Optional.empty();
        }
        session.execute("SET synchronous_commit = local");
        // A line that died without a word leaves its session to the server, which would keep the lock for hours, from
        // ourselves too. Housekeeping asks for the lease far more often than this.
        session.execute("SET idle_session_timeout = '60s'");
        // Waits for writes of the holder before that are being committed; whoever comes after them fails.
        long token = session.createQuery("""
                        INSERT INTO refreshd.lease (token, holder) VALUES (1, :holder)
                        ON CONFLICT (only_row) DO UPDATE
                        SET token = lease.token + 1, holder = excluded.holder, since = clock_timestamp()
                        RETURNING token
                        """)
                .bind("holder", holder)
                .mapTo(Long.class)
                .one();
        return Optional.of(new Lease(session, token));
    }

    /** Who holds it, for the one who waits. */
    public static String holder(Handle handle) {
        return handle.createQuery("SELECT holder || ' since ' || date_trunc('second', since) FROM refreshd.lease")
                .mapTo(String.class)
                .findOne()
                .orElse("somebody");
    }

    public long token() {
        return token;
    }

    /** Asks the server. */
    public synchronized boolean isHeld() {
        try {
            return session.getConnection().isValid(PROBE_SECONDS);
        } catch (SQLException e) {
            return false;
        }
    }

    /**
     * To be called first in every transaction that writes.
     *
     * @throws LeaseLostException if the token is no longer the one; nothing may be written
     */
    public static void prove(Handle transaction, long token) {
        boolean held = transaction
                .createQuery("SELECT true FROM refreshd.lease WHERE token = :token FOR KEY SHARE")
                .bind("token", token)
                .mapTo(Boolean.class)
                .findOne()
                .orElse(false);
        if (!held) {
            throw new LeaseLostException();
        }
    }

    /**
     * Writes, if the token is still the one. Commits without waiting for a synchronous standby: what the ledger says can be found
     * out again, and must not wait for what is away.
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
