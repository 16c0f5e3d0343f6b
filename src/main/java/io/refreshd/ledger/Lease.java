package io.refreshd.ledger;

import java.sql.SQLException;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleConsumer;
import org.jdbi.v3.core.JdbiException;

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
     * @param holder who is asking, for people
     * @return empty if somebody else is the one
     */
    public static Optional<Lease> tryTake(Handle session, String holder) {
        try {
            // Of the database and not of a slot: there is one ledger in it, whatever the slot is called.
            boolean locked = session.createQuery("SELECT pg_try_advisory_lock(hashtextextended('refreshd', 0))")
                    .mapTo(Boolean.class)
                    .one();
            if (locked) {
                return Optional.of(new Lease(session, take(session, holder)));
            }
        } catch (RuntimeException e) {
            // Left open it would keep the lock, and who asks next, ourselves too, would wait for it.
            session.close();
            throw e;
        }
        session.close();
        return Optional.empty();
    }

    private static long take(Handle session, String holder) {
        session.execute("SET synchronous_commit = local");
        // A line that died without a word leaves its session to the server, which would keep the lock for hours, from
        // ourselves too. Housekeeping asks for the lease far more often than this.
        session.execute("SET idle_session_timeout = '60s'");
        // And where the other machine does not answer at all, sooner.
        session.execute("SET tcp_keepalives_idle = 5");
        session.execute("SET tcp_keepalives_interval = 5");
        session.execute("SET tcp_keepalives_count = 2");
        session.execute("SET tcp_user_timeout = '15s'");
        // Waits for writes of the holder before that are being committed; whoever comes after them fails.
        return session.createQuery("""
                        INSERT INTO refreshd.lease (token, holder, timeline) VALUES (1, :holder, %s)
                        ON CONFLICT (only_row) DO UPDATE
                        SET token = lease.token + 1, holder = excluded.holder, since = clock_timestamp(),
                            timeline = excluded.timeline
                        RETURNING token
                        """.formatted(Timeline.CURRENT))
                .bind("holder", holder)
                .mapTo(Long.class)
                .one();
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

    /** Asks the server: the session is there, and nobody has taken the token, by whatever means. */
    public synchronized boolean isHeld() {
        try {
            return session.getConnection().isValid(PROBE_SECONDS) && holds(session, token, "SELECT true", "");
        } catch (SQLException | JdbiException e) {
            return false;
        }
    }

    /**
     * The row with the token has come to a server that was promoted too. What is known here is of the history before, in which
     * the positions of the log that are to be written may mean what never happened on this server.
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
     * To be called first in every transaction that writes. It holds up whoever takes the lease next, so the server ends it if this
     * process hangs in the middle of it.
     *
     * @throws LeaseLostException if the token is no longer the one; nothing may be written
     */
    public static void prove(Handle transaction, long token) {
        String bounded = "SELECT pg_catalog.set_config('idle_in_transaction_session_timeout', '30s', true) IS NOT NULL";
        if (!holds(transaction, token, bounded, "FOR KEY SHARE")) {
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
