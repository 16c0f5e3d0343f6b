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
 * The last refreshes, for the page: a few of all views, and how late those of each view were. Told by the loop, read by
 * whoever asks for the page. Bounded; gone after a restart.
 */
final class RefreshHistory implements Consumer<Notice> {
    private static final int RECENT = 25;
    private static final int POINTS = 30;

    private final Supplier<Moment> clock;
    private final Deque<Entry> recent = new ArrayDeque<>();
    private final Map<ViewId, Deque<Duration>> lags = new HashMap<>();

    /** @param outcome what came of it, in a few words: rows, or the reason of a failure */
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
                    done.rowsChanged().map(rows -> rows + " rows changed").orElse("refreshed")));
            done.commitToVisible().ifPresent(lag -> late(done.view(), lag));
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

    /** The newest first. */
    synchronized List<Entry> recent() {
        return List.copyOf(recent);
    }

    /** From commit to visible, of the last refreshes of the view; the oldest first. */
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

    private void late(ViewId view, Duration lag) {
        Deque<Duration> points = lags.computeIfAbsent(view, v -> new ArrayDeque<>(POINTS));
        points.addLast(lag.isNegative() ? Duration.ZERO : lag);
        if (points.size() > POINTS) {
            points.removeFirst();
        }
    }
}
