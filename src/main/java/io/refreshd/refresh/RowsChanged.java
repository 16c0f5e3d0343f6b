package io.refreshd.refresh;

import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * Reads how many rows of a view this session has changed. {@code REFRESH … CONCURRENTLY} applies the difference as ordinary
 * inserts and deletes, which the server counts.
 *
 * <p>The server resets the counters some time after the transaction. So only the difference between two readings within one
 * transaction is meaningful.
 */
final class RowsChanged {
    private RowsChanged() {}

    /** @return empty if the server does not count ({@code track_counts = off}), so that nothing is known */
    static Optional<Long> soFar(Handle transaction, long oid) {
        return transaction.createQuery("""
                        SELECT CASE WHEN current_setting('track_counts')::boolean
                                    THEN pg_stat_get_xact_tuples_inserted(:oid) + pg_stat_get_xact_tuples_deleted(:oid)
                                         + pg_stat_get_xact_tuples_updated(:oid) END
                        """).bind("oid", oid).mapTo(Long.class).findOne();
    }
}
