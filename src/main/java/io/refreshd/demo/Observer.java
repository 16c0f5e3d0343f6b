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

/** Puts together what the daemon says, what the application wrote and what a reader sees. For one thread. */
final class Observer {
    private final DaemonUnderDemo daemon;
    private final CommitLog commits;
    private final Tally tally;
    private final RowCounts counts;
    private final Supplier<Moment> clock;
    private final Moment began;

    Observer(DaemonUnderDemo daemon, CommitLog commits, Tally tally, RowCounts counts, Supplier<Moment> clock) {
        this.daemon = daemon;
        this.commits = commits;
        this.tally = tally;
        this.counts = counts;
        this.clock = clock;
        this.began = clock.get();
    }

    LiveTable.Frame frame() throws SQLException {
        Moment now = clock.get();
        DaemonStatus status = daemon.status();
        List<LiveRow> rows = new ArrayList<>();
        for (ViewStatus view : status.views()) {
            rows.add(new LiveRow(
                    view.view(),
                    view.phase(),
                    counts.of(view.view()),
                    view.staleness(now.wall()),
                    commits.seen(view.view(), view.watermark().orElse(Lsn.ZERO)),
                    commits.concerning(view.view()),
                    view.refreshes(),
                    view.lastDuration()));
        }
        return new LiveTable.Frame(
                Duration.ofNanos(now.nanosSince(began.nanos())),
                status.stream(),
                commits.commits(),
                tally.avoided(),
                rows);
    }

    void sample() {
        tally.sample(daemon.status(), clock.get().wall());
    }
}
