package io.refreshd.demo;

import io.refreshd.model.ViewId;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Counts refreshes and records the worst staleness of each view.
 *
 * <p>Thread: any. The daemon's threads report, the demo's read.
 */
final class RefreshStatistics implements Consumer<Notice> {
    private final Map<ViewId, Duration> worst = new HashMap<>();
    private long refreshes;
    private long failures;
    private long avoided;

    @Override
    public synchronized void accept(Notice notice) {
        switch (notice) {
            case Notice.RefreshDone done -> {
                refreshes++;
                done.commitToVisible().ifPresent(age -> stale(done.view(), age));
            }
            case Notice.RefreshFailed failed -> failures++;
            case Notice.RefreshAvoided notNeeded -> avoided += notNeeded.views().size();
            case Notice.RowsChanged ignored -> {}
            case Notice.BatchRead ignored -> {}
            case Notice.ViewChanged ignored -> {}
            case Notice.PhaseChanged ignored -> {}
            case Notice.TargetLagMissed ignored -> {}
            case Notice.ViewGone ignored -> {}
            case Notice.GapFound ignored -> {}
            case Notice.SlotSeen ignored -> {}
            case Notice.ViewsFound ignored -> {}
            case Notice.DriftFound ignored -> {}
            case Notice.ErrorCaught ignored -> {}
        }
    }

    /** Records the present staleness too. Without it, a view that is never refreshed would look freshest. */
    synchronized void sample(DaemonStatus status, Instant now) {
        for (ViewStatus view : status.views()) {
            stale(view.view(), view.staleness(now));
        }
    }

    private void stale(ViewId view, Duration age) {
        worst.merge(view, age, (a, b) -> a.compareTo(b) >= 0 ? a : b);
    }

    synchronized Duration worst(ViewId view) {
        return worst.getOrDefault(view, Duration.ZERO);
    }

    synchronized long refreshes() {
        return refreshes;
    }

    synchronized long failures() {
        return failures;
    }

    synchronized long avoided() {
        return avoided;
    }
}
