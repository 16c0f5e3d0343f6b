package io.refreshd.ledger;

import java.security.SecureRandom;
import java.util.OptionalLong;
import org.jdbi.v3.core.Handle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The advisory lock of the lease. Its session holds it, so the server releases it as soon as the holder's connection ends.
 *
 * <p>Every role may take every advisory lock, and {@code pg_locks} shows its key to everybody. So the key stands in the ledger, and a
 * lock whose holder may not write to the ledger does not count: the key is replaced by a random one, which nobody knows before it is
 * taken.
 *
 * <p>Invariant: the key is replaced while its row is locked, and {@link Lease} takes the token only if its key is still the one in the
 * ledger. So two daemons never hold the lease by two keys.
 */
final class LeaseLock {
    private static final Logger log = LoggerFactory.getLogger(LeaseLock.class);
    private static final SecureRandom RANDOM = new SecureRandom();

    /**
     * Whether everybody who holds the lock is a stranger. A prepared transaction has no process, and no daemon prepares any. A process
     * that has ended meanwhile does not count as one.
     *
     * <p>Source: {@code pg_stat_activity} shows everybody which role each session logged in as.
     */
    private static final String STRANGERS = """
            SELECT coalesce(pg_catalog.bool_and(l.pid IS NULL OR (
                       a.usesysid IS NOT NULL AND NOT pg_catalog.has_table_privilege(a.usesysid, 'refreshd.lease', 'UPDATE'))), false)
            FROM pg_catalog.pg_locks l
            LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
            WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
              AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
              AND (l.classid::bigint << 32 | l.objid::bigint) = :key
            """;

    private LeaseLock() {}

    /**
     * Takes the lock for the session.
     *
     * @return the key of the lock, empty if another daemon holds it
     */
    static OptionalLong tryTake(Handle session) {
        // A standby that is away must not stop the daemon.
        session.execute("SET synchronous_commit = local");
        session.execute("INSERT INTO refreshd.lease (token, holder) VALUES (0, 'nobody yet') ON CONFLICT DO NOTHING");
        long key = key(session, "");
        return tryLock(session, key)
                ? OptionalLong.of(key)
                : session.inTransaction(transaction -> replaced(transaction, key));
    }

    private static OptionalLong replaced(Handle transaction, long key) {
        if (key(transaction, " FOR NO KEY UPDATE") != key || !heldByStrangers(transaction, key)) {
            return OptionalLong.empty();
        }
        long next = RANDOM.nextLong();
        transaction.execute("UPDATE refreshd.lease SET lock_key = ?", next);
        log.warn(
                "A role that may not write to the ledger holds the advisory lock of the lease: another lock takes its place");
        return tryLock(transaction, next) ? OptionalLong.of(next) : OptionalLong.empty();
    }

    private static long key(Handle handle, String lock) {
        return handle.createQuery("SELECT lock_key FROM refreshd.lease" + lock)
                .mapTo(Long.class)
                .one();
    }

    private static boolean tryLock(Handle handle, long key) {
        return handle.createQuery("SELECT pg_catalog.pg_try_advisory_lock(:key)")
                .bind("key", key)
                .mapTo(Boolean.class)
                .one();
    }

    private static boolean heldByStrangers(Handle handle, long key) {
        return handle.createQuery(STRANGERS)
                .bind("key", key)
                .mapTo(Boolean.class)
                .one();
    }
}
