package io.refreshd.model;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What the ledger remembers of a view from one run of the daemon to the next.
 *
 * @param dirty whether a change was marked that no refresh has covered yet; true for a view never seen before
 * @param dirtySince commit time of the oldest such change
 * @param watermark every transaction that committed at or before it is in the view; empty: nothing can be claimed
 * @param snapshot what the last refresh could see, so that changes delivered again are recognised
 * @param failures refreshes that failed in a row
 * @param suspended why the view is not refreshed until somebody mends it
 */
public record LedgerEntry(
        ViewId view,
        boolean dirty,
        Optional<Instant> dirtySince,
        Optional<Lsn> watermark,
        Optional<Snapshot> snapshot,
        Optional<Instant> refreshedAt,
        Optional<Duration> lastDuration,
        int failures,
        boolean paused,
        Optional<Obstacle> suspended) {

    /** A view that nothing is known about: it has to be refreshed before anything can be said of it. */
    public static LedgerEntry unknown(ViewId view) {
        return new LedgerEntry(
                view,
                true,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                0,
                false,
                Optional.empty());
    }
}
