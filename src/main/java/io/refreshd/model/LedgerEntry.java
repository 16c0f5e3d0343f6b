package io.refreshd.model;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The state of a view that the ledger keeps from one run of the daemon to the next.
 *
 * @param dirty whether a change was marked that no refresh has covered yet; true for a view that the ledger does not know
 * @param dirtySince when the oldest such change committed; empty if the view is clean, or the time is not known
 * @param watermark the WAL position up to which the view is complete: every transaction that committed at or before it is in the view;
 *     empty if nothing can be claimed
 * @param snapshot the snapshot of the last refresh, by which changes that are delivered again are recognised
 * @param refreshedAt when the last refresh finished
 * @param lastDuration how long the last refresh took
 * @param failures how many refreshes failed in a row
 * @param paused whether an operator has paused the view
 * @param closedUntil until when the view's window is closed; empty: it is open, or there is none
 * @param suspended why the view is not refreshed until somebody applies the remedy; empty if it is not suspended
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
        Optional<Instant> closedUntil,
        Optional<Obstacle> suspended) {
    /** The state of a view that the ledger does not know: nothing can be claimed before the view is refreshed. */
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
                Optional.empty(),
                Optional.empty());
    }
}
