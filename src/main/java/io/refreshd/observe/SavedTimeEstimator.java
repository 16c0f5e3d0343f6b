package io.refreshd.observe;

import io.refreshd.model.ViewId;
import io.refreshd.report.Notice.Avoided;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Estimates the time that the database would have spent on avoided refreshes. The duration of one refresh is a moving average of the
 * view's own refreshes.
 *
 * <ul>
 *   <li>A look-up ({@code LOOKUP}) replaces one refresh that was due, and counts as one.
 *   <li>A change avoided by column or value would have shared a refresh with those that follow: so it counts as one refresh, and the
 *       next ones count as none until that refresh would have ended (quiet period and duration).
 *   <li>A coalesced change does not count, since debouncing alone would have saved it.
 * </ul>
 *
 * <p>Thread: any.
 */
final class SavedTimeEstimator {
    /** Weight of the newest duration in the moving average. */
    private static final double NEWEST_WEIGHT = 0.3;

    private final Map<ViewId, Entry> entries = new ConcurrentHashMap<>();

    /** One view; all durations in seconds. */
    private static final class Entry {
        private double expected;
        private boolean learnt;
        private double quiet;
        /** Whether {@link #until} is set: the end of the refresh that was avoided last, in nanoseconds of the monotonic clock. */
        private boolean pending;

        private long until;

        synchronized void learn(double seconds) {
            expected = learnt ? expected + NEWEST_WEIGHT * (seconds - expected) : seconds;
            learnt = true;
        }

        synchronized void update(double quietSeconds, double lastSeconds) {
            quiet = quietSeconds;
            if (!learnt && lastSeconds > 0) {
                learn(lastSeconds);
            }
        }

        synchronized double avoided(long now) {
            if (pending && now - until < 0) {
                return 0;
            }
            pending = true;
            until = now + (long) ((quiet + expected) * 1e9);
            return expected;
        }

        synchronized double expected() {
            return expected;
        }
    }

    void refreshed(ViewId view, Duration took) {
        entry(view).learn(took.toNanos() / 1e9);
    }

    void sync(List<ViewStatus> views) {
        for (ViewStatus view : views) {
            entry(view.view())
                    .update(
                            view.timing().quietPeriod().toNanos() / 1e9,
                            view.lastDuration().map(d -> d.toNanos() / 1e9).orElse(0.0));
        }
        entries.keySet().retainAll(views.stream().map(ViewStatus::view).toList());
    }

    /** Counts an avoided refresh. @return the time saved, in seconds */
    double avoided(ViewId view, Avoided reason, long nanos) {
        return switch (reason) {
            case LOOKUP -> entry(view).expected();
            case COLUMN, DISCRIMINATOR -> entry(view).avoided(nanos);
            case COALESCED -> 0;
        };
    }

    private Entry entry(ViewId view) {
        return entries.computeIfAbsent(view, id -> new Entry());
    }
}
