package io.refreshd.refresh;

import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * How many rows of a view this session has changed. {@code REFRESH … CONCURRENTLY} applies the difference as ordinary inserts
 * and deletes, which the server counts.
 *
 * <p>The counters go on over the end of a transaction until the server collects them, so only the difference between two
 * readings inside one transaction says anything about it.
 */
final class RowsChanged {
    private RowsChanged() {}

    /** @return empty if the server does not count ({@code track_counts = off}): then nobody may conclude anything */
    static Optional<Long> soFar(Handle transaction, long oid) {
        return transaction.createQuery("""
                        SELECT CASE WHEN current_setting('track_counts')::boolean
                                    THEN pg_stat_get_xact_tuples_inserted(:oid) + pg_stat_get_xact_tuples_deleted(:oid)
                                         + pg_stat_get_xact_tuples_updated(:oid) END
                        """).bind("oid", oid).mapTo(Long.class).findOne();
    }
}
