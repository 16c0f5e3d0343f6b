package io.refreshd.ledger;

/** Which history of the server this is: a promotion begins another one. */
public final class Timeline {
    /**
     * Zero while it is in recovery. From the name of the present WAL file: {@code pg_control_checkpoint()} still tells the old one
     * between a promotion and the next checkpoint.
     */
    public static final String CURRENT = "CASE WHEN pg_is_in_recovery() THEN 0"
            + " ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer END";

    private Timeline() {}
}
