package io.refreshd.ledger;

/** SQL for the timeline of the server. A promotion begins a new timeline. */
public final class Timeline {
    /**
     * An expression for the present timeline; 0 while the server is in recovery. It is taken from the name of the present WAL
     * file, since {@code pg_control_checkpoint()} has the old timeline between a promotion and the next checkpoint.
     */
    public static final String CURRENT = "CASE WHEN pg_is_in_recovery() THEN 0"
            + " ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer END";

    private Timeline() {}
}
