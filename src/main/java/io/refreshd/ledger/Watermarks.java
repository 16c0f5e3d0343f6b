package io.refreshd.ledger;

/** A watermark and the commit time that it stands for move together, and only forward. */
final class Watermarks {
    /** Assignments in an {@code UPDATE} of {@code refreshd.view_state}. Parameters: {@code routed} and {@code at}. */
    static final String NEWER = """
            (watermark, commit_time) = (
                SELECT w.position, w.at
                FROM (VALUES (watermark, commit_time), (CAST(:routed AS pg_lsn), CAST(:at AS timestamptz))) AS w (position, at)
                ORDER BY w.position DESC NULLS LAST LIMIT 1)""";

    private Watermarks() {}
}
