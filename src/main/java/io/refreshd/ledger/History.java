package io.refreshd.ledger;

import org.jdbi.v3.core.Handle;

/** Limits the size of {@code refreshd.refresh_history}, and what is kept of the server's words. */
public final class History {
    private History() {}

    private static final String OLD_REFRESHES = """
            FROM refreshd.refresh_history
            WHERE finished_at < now() - interval '7 days'
               OR id <= (SELECT max(id) FROM refreshd.refresh_history) - 100000
            """;

    private static final String OLD_MESSAGES = """
            FROM refreshd.failure_message m
            WHERE m.failed_at < now() - interval '1 hour'
              AND NOT EXISTS (SELECT FROM refreshd.view_state s WHERE s.view_oid = m.view_oid AND s.failures > 0)
            """;

    /** Whether there is something to prune. */
    public static boolean isOld(Handle handle) {
        return handle.createQuery(
                        "SELECT EXISTS (SELECT " + OLD_REFRESHES + ") OR EXISTS (SELECT " + OLD_MESSAGES + ")")
                .mapTo(Boolean.class)
                .one();
    }

    /**
     * Deletes refreshes that are older than a week, and all but the newest 100,000; and what the server said of failures that are
     * over. A failure's message is written before the failure is counted, so it is kept for an hour in any case.
     */
    public static void prune(Handle handle) {
        handle.execute("DELETE " + OLD_REFRESHES);
        handle.execute("DELETE " + OLD_MESSAGES);
    }
}
