package io.refreshd.ledger;

import org.jdbi.v3.core.Handle;

/**
 * Counts, in {@code refreshd.stream}, the attempts at reading the log on from one place. An attempt is counted before it is made, so
 * that one which ends with the process counts too, whichever daemon makes the next.
 *
 * <p>Invariant: the number is that of the attempts at reading beyond {@code read_to}, the present one included. {@link
 * StreamRow#advance} sets it to one when the log was read further, {@link StreamRow#begin} to zero.
 */
public final class StreamAttempts {
    private StreamAttempts() {}

    /** Attempts that have begun at the present position, and one that has come to it; 0 before a first start. */
    public static int made(Handle handle) {
        return handle.createQuery("SELECT coalesce(attempts, 0) FROM refreshd.stream")
                .mapTo(Integer.class)
                .findOne()
                .orElse(0);
    }

    /** Counts an attempt that is about to be made. */
    public static void begin(Handle handle) {
        handle.execute("UPDATE refreshd.stream SET attempts = coalesce(attempts, 0) + 1");
    }

    /** An attempt ended for a reason that has nothing to do with the log: it does not count. */
    public static void forgive(Handle handle) {
        handle.execute("UPDATE refreshd.stream SET attempts = greatest(attempts - 1, 0)");
    }
}
