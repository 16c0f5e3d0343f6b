package io.refreshd.ledger;

import org.jdbi.v3.core.Handle;

/** Limits the size of {@code refreshd.refresh_history}. */
public final class History {
    private History() {}

    /** Deletes refreshes that are older than a week, and all but the newest 100,000. */
    public static void prune(Handle handle) {
        handle.execute("""
                DELETE FROM refreshd.refresh_history
                WHERE finished_at < now() - interval '7 days'
                   OR id <= (SELECT max(id) FROM refreshd.refresh_history) - 100000
                """);
    }
}
