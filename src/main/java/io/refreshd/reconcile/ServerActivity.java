package io.refreshd.reconcile;

import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * What a server shows of activity that may change a catalog or a setting. To read it takes a fraction of what it takes to compare either.
 *
 * @param idle names the state of the server while no transaction with an id runs; empty while one does
 * @param settingsLoaded when the server has loaded its settings last
 */
record ServerActivity(Optional<String> idle, String settingsLoaded) {
    /**
     * Every change of a catalog takes an id, from one counter for all databases, and so does whatever locks a table exclusively. The
     * snapshot is taken first: all ids before its end have ended. Then {@code age} reads the counter, which is past the snapshot's end if
     * another transaction has an id. So between two readings of the same state no transaction with an id has run.
     *
     * <p>A snapshot alone would not do. It ends with the last transaction that has ended, and does not show a younger one that runs.
     */
    private static final String READ = """
            SELECT CASE WHEN pg_catalog.pg_snapshot_xmin(s) = pg_catalog.pg_snapshot_xmax(s)
                         AND pg_catalog.age(pg_catalog.xid(pg_catalog.pg_snapshot_xmax(s))) = 0
                        THEN pg_catalog.concat(s, ' ', loaded) END,
                   loaded::text
              FROM (SELECT pg_catalog.pg_current_snapshot() AS s, pg_catalog.pg_conf_load_time() AS loaded) x
            """;

    static ServerActivity read(Handle handle) {
        return handle.createQuery(READ)
                .map((row, context) -> new ServerActivity(Optional.ofNullable(row.getString(1)), row.getString(2)))
                .one();
    }
}
