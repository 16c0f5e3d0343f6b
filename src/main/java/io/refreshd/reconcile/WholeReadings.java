package io.refreshd.reconcile;

import io.refreshd.model.Moment;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Decides when the whole catalog is read though nothing is known to have changed. Some changes leave the fingerprint as it is, such as a
 * privilege that was granted on a function of the server's own. They are noticed within a minute, by the server's statistics of the rows that
 * were written to system tables.
 *
 * <p>The statistics of a session are late while it stays busy, and a superuser may turn them off. So the catalog is read every ten minutes in any
 * case, and every minute where nothing is counted. A reading costs ten times what the comparisons of a minute cost, and its session holds
 * more memory than all others of an idle database.
 *
 * <p>Thread: one at a time.
 */
final class WholeReadings {
    static final Duration IF_WRITTEN = Duration.ofMinutes(1);
    static final Duration IN_ANY_CASE = Duration.ofMinutes(10);

    /**
     * Left out is what ANALYZE writes, and large objects, which are data of users. REFRESH writes to pg_class, so that busy databases are
     * read every minute.
     */
    private static final String WRITES = """
            SELECT CASE WHEN pg_catalog.current_setting('track_counts')::bool
                        THEN sum(pg_catalog.pg_stat_get_tuples_inserted(c.oid) + pg_catalog.pg_stat_get_tuples_updated(c.oid)
                                 + pg_catalog.pg_stat_get_tuples_deleted(c.oid))::text END
              FROM pg_catalog.pg_class c
             WHERE c.oid < 16384 AND c.relkind = 'r'
               AND c.relname NOT IN ('pg_statistic', 'pg_statistic_ext_data', 'pg_largeobject')
            """;

    private final Supplier<Moment> clock;
    private Optional<String> writesBefore = Optional.empty();
    private @Nullable Moment readAt;
    private long askedAt;

    WholeReadings(Supplier<Moment> clock) {
        this.clock = clock;
    }

    /** How many rows of system tables were written, by the server's count; empty if it counts none. To be read before the catalog is. */
    static Optional<String> writes(Handle handle) {
        return handle.createQuery(WRITES)
                .map((row, context) -> Optional.ofNullable(row.getString(1)))
                .one();
    }

    /** The catalog was read. @param writes counted before */
    void done(Optional<String> writes) {
        writesBefore = writes;
        readAt = clock.get();
        askedAt = readAt.nanos();
    }

    boolean isDue(Handle handle) {
        return isDue(() -> writes(handle));
    }

    /** @param writes is asked at most every minute */
    boolean isDue(Supplier<Optional<String>> writes) {
        Moment now = clock.get();
        if (readAt == null || now.nanosSince(readAt.nanos()) > IN_ANY_CASE.toNanos()) {
            return true;
        }
        if (now.nanosSince(askedAt) <= IF_WRITTEN.toNanos()) {
            return false;
        }
        askedAt = now.nanos();
        Optional<String> counted = writes.get();
        return counted.isEmpty() || !counted.equals(writesBefore);
    }
}
