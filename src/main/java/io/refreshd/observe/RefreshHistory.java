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
import java.util.function.UnaryOperator;

/**
 * History of refreshes for the status page: the last ones of all views, and for each view the commit-to-visible times of its last
 * ones and the minutes of the last hour in which it was refreshed. It is bounded, and kept in memory only: a thousand views that are
 * refreshed in each minute take about 6 MB.
 *
 * <p>Thread: any; the loop writes, requests read.
 */
final class RefreshHistory implements Consumer<Notice> {
    private static final int RECENT = 25;
    private static final int POINTS = 30;

    /** The minutes that are kept, the present one among them. */
    static final int MINUTES = 60;

    private final Supplier<Moment> clock;
    private final Deque<Entry> recent = new ArrayDeque<>();
    private final Map<ViewId, Deque<Duration>> lags = new HashMap<>();
    private final Map<ViewId, Deque<RefreshMinute>> minutes = new HashMap<>();
    private final Instant began;

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
        this.began = clock.get().wall();
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
            count(done.view(), minute -> minute.with(done));
        } else if (notice instanceof Notice.RefreshFailed failed) {
            add(new Entry(
                    clock.get().wall(),
                    failed.view(),
                    MetricNames.labelValue(failed.method()),
                    Optional.empty(),
                    Optional.empty(),
                    true,
                    failed.failure().what()));
            count(failed.view(), minute -> minute.with(failed));
        } else if (notice instanceof Notice.ViewGone gone) {
            lags.remove(gone.view());
            minutes.remove(gone.view());
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

    /** The minutes of the last hour in which the view was refreshed, or should have been, oldest first. */
    synchronized List<RefreshMinute> minutes(ViewId view) {
        long first = minute(clock.get().wall()) - MINUTES + 1;
        return minutes.getOrDefault(view, new ArrayDeque<>()).stream()
                .filter(minute -> minute.minute() >= first)
                .toList();
    }

    /** When the history began: of earlier refreshes nothing is known. */
    Instant began() {
        return began;
    }

    static long minute(Instant at) {
        return Math.floorDiv(at.getEpochSecond(), 60);
    }

    /** A clock that was set back adds to the newest minute. */
    private void count(ViewId view, UnaryOperator<RefreshMinute> change) {
        Deque<RefreshMinute> of = minutes.computeIfAbsent(view, v -> new ArrayDeque<>());
        long now = minute(clock.get().wall());
        RefreshMinute newest = of.peekLast();
        if (newest == null || newest.minute() < now) {
            newest = RefreshMinute.empty(now);
        } else {
            of.removeLast();
        }
        of.addLast(change.apply(newest));
        while (of.size() > MINUTES || of.getFirst().minute() <= now - MINUTES) {
            of.removeFirst();
        }
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
