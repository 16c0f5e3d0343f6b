package io.refreshd.ledger;

import org.jdbi.v3.core.Handle;

/** Limits the size of {@code refreshd.refresh_history}, and what is kept of the server's words. */
public final class History {
    private History() {}

    /**
     * Deletes refreshes that are older than a week, and all but the newest 100,000; and what the server said of failures that are
     * over. A failure's message is written before the failure is counted, so it is kept for an hour in any case.
     */
    public static void prune(Handle handle) {
        handle.execute("""
                DELETE FROM refreshd.refresh_history
                WHERE finished_at < now() - interval '7 days'
                   OR id <= (SELECT max(id) FROM refreshd.refresh_history) - 100000
                """);
        handle.execute("""
                DELETE FROM refreshd.failure_message m
                WHERE m.failed_at < now() - interval '1 hour'
                  AND NOT EXISTS (SELECT FROM refreshd.view_state s WHERE s.view_oid = m.view_oid AND s.failures > 0)
                """);
    }
}
