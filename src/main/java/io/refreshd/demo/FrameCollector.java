package io.refreshd.demo;

import io.refreshd.model.Lsn;
import io.refreshd.model.Moment;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.ViewStatus;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Collects the frames of the live table from the daemon's status, the application's commits and the rows that a reader counts.
 *
 * <p>Thread: one.
 */
final class FrameCollector {
    private final DemoDaemon daemon;
    private final CommitLog commits;
    private final RefreshStatistics statistics;
    private final RowCounts counts;
    private final Supplier<Moment> clock;
    private final Moment start;

    FrameCollector(
            DemoDaemon daemon,
            CommitLog commits,
            RefreshStatistics statistics,
            RowCounts counts,
            Supplier<Moment> clock) {
        this.daemon = daemon;
        this.commits = commits;
        this.statistics = statistics;
        this.counts = counts;
        this.clock = clock;
        this.start = clock.get();
    }

    /** Asks the database for row counts. Blocks. */
    LiveTable.Frame collect() throws SQLException {
        Moment now = clock.get();
        DaemonStatus status = daemon.status();
        List<LiveRow> rows = new ArrayList<>();
        for (ViewStatus view : status.views()) {
            rows.add(new LiveRow(
                    view.view(),
                    view.method(),
                    view.phase(),
                    counts.of(view.view()),
                    view.staleness(now.wall()),
                    commits.covered(view.view(), view.watermark().orElse(Lsn.ZERO)),
                    commits.affecting(view.view()),
                    view.refreshes(),
                    view.lastDuration()));
        }
        return new LiveTable.Frame(
                Duration.ofNanos(now.nanosSince(start.nanos())),
                status.stream(),
                commits.commits(),
                statistics.avoided(),
                rows);
    }

    /** Samples the staleness of every view for {@link RefreshStatistics}. */
    void sample() {
        statistics.sample(daemon.status(), clock.get().wall());
    }
}
