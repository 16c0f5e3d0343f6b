package io.refreshd.observe;

import io.refreshd.model.Moment;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * History of refreshes for the status page: the last ones of all views, and for each view the commit-to-visible times of its last
 * ones. It is bounded, and kept in memory only.
 *
 * <p>Thread: any; the loop writes, requests read.
 */
final class RefreshHistory implements Consumer<Notice> {
    private static final int RECENT = 25;
    private static final int POINTS = 30;

    private final Supplier<Moment> clock;
    private final Deque<Entry> recent = new ArrayDeque<>();
    private final Map<ViewId, Deque<Duration>> lags = new HashMap<>();

    /**
     * One refresh.
     *
     * @param lag time from commit to visible
     * @param outcome in a few words: the number of rows, or the reason of the failure
     */
    record Entry(
            Instant at,
            ViewId view,
            String method,
            Optional<Duration> took,
            Optional<Duration> lag,
            boolean failed,
            String outcome) {}

    RefreshHistory(Supplier<Moment> clock) {
        this.clock = clock;
    }

    @Override
    public synchronized void accept(Notice notice) {
        if (notice instanceof Notice.RefreshDone done) {
            add(new Entry(
                    clock.get().wall(),
                    done.view(),
                    MetricNames.labelValue(done.method()),
                    Optional.of(done.duration()),
                    done.commitToVisible(),
                    false,
                    outcome(done)));
            done.commitToVisible().ifPresent(lag -> addLag(done.view(), lag));
        } else if (notice instanceof Notice.RefreshFailed failed) {
            add(new Entry(
                    clock.get().wall(),
                    failed.view(),
                    MetricNames.labelValue(failed.method()),
                    Optional.empty(),
                    Optional.empty(),
                    true,
                    failed.failure().what()));
        } else if (notice instanceof Notice.ViewGone gone) {
            lags.remove(gone.view());
        }
    }

    private static String outcome(Notice.RefreshDone done) {
        String rows = done.rowsChanged()
                .map(changed -> changed + (changed == 1 ? " row changed" : " rows changed"))
                .orElse("refreshed");
        return done.recomputed()
                .map(what -> what.everything()
                                .map(why -> "everything recomputed (" + why + ")")
                                .orElse(what.keys() + (what.keys() == 1 ? " key" : " keys") + " recomputed")
                        + ", " + rows)
                .orElse(rows);
    }

    /** The last refreshes of all views, newest first. */
    synchronized List<Entry> recent() {
        return List.copyOf(recent);
    }

    /** Commit-to-visible times of the last refreshes of the view, oldest first. */
    synchronized List<Duration> lags(ViewId view) {
        Deque<Duration> points = lags.get(view);
        return points == null ? List.of() : List.copyOf(points);
    }

    private void add(Entry entry) {
        recent.addFirst(entry);
        if (recent.size() > RECENT) {
            recent.removeLast();
        }
    }

    private void addLag(ViewId view, Duration lag) {
        Deque<Duration> points = lags.computeIfAbsent(view, v -> new ArrayDeque<>(POINTS));
        points.addLast(lag.isNegative() ? Duration.ZERO : lag);
        if (points.size() > POINTS) {
            points.removeFirst();
        }
    }
}
