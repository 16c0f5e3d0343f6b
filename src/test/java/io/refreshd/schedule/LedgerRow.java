package io.refreshd.schedule;

import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Lsn;
import io.refreshd.model.Obstacle;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** The ledger's row of one view. */
final class LedgerRow {
    final long oid;
    long marked = 1;
    long covered;
    Optional<Lsn> watermark = Optional.empty();
    Optional<Snapshot> snapshot = Optional.empty();
    Optional<Instant> refreshedAt = Optional.empty();
    Optional<Duration> lastDuration = Optional.empty();
    Optional<Instant> dirtySince = Optional.empty();
    int failures;
    boolean paused;
    Optional<Instant> closedUntil = Optional.empty();
    /** Number of the newest mark that took the snapshot from the row. */
    long invalidated;

    Optional<Obstacle> suspended = Optional.empty();
    /** The definition by which the view was last known to be marked as it should be. */
    SimulatedView known;

    LedgerRow(SimulatedView known) {
        this.oid = known.oid();
        this.known = known;
    }

    /** When the last refresh began. */
    Optional<Instant> began() {
        return refreshedAt.map(at -> at.minus(lastDuration.orElseThrow()));
    }

    boolean dirty() {
        return marked > covered;
    }

    void mark(long mark) {
        marked = Math.max(marked, mark);
    }

    /** @param routed what holds for the view if it was clean */
    void mark(long mark, boolean invalidated, long routed) {
        if (!dirty() && !known.untracked() && known.upstream().isEmpty()) {
            watermark = Watermarks.newer(watermark, Optional.of(new Lsn(routed)));
        }
        if (invalidated && mark > covered) {
            this.invalidated = Math.max(this.invalidated, mark);
            snapshot = Optional.empty();
        }
        mark(mark);
    }

    void cover(RefreshTask task, Snapshot seen) {
        covered = Math.max(covered, task.covers());
        watermark = task.routed();
        if (snapshot.isPresent() || !dirty()) {
            snapshot = Optional.of(seen);
        }
        dirtySince = Optional.empty();
    }

    LedgerEntry entry(ViewId view) {
        return new LedgerEntry(
                view,
                dirty(),
                dirtySince,
                watermark,
                snapshot,
                refreshedAt,
                lastDuration,
                failures,
                paused,
                closedUntil,
                suspended);
    }
}
