package io.refreshd.observe;

import io.refreshd.model.ViewId;
import io.refreshd.report.Notice.Avoided;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Estimates how long the database would have been busy with refreshes that did not take place. A look-up stands for one refresh
 * that was due. A change that was passed over without one would have joined a refresh that waits out its quiet period or runs:
 * so only the first counts until such a refresh would have ended. A change that another refresh brings saves nothing that waiting
 * would not save anyway, and does not count. What one refresh takes is learnt from the view's own. Any thread.
 */
final class SavedTimeEstimator {
    private static final double NEWEST_COUNTS = 0.3;

    private final Map<ViewId, Entry> entries = new ConcurrentHashMap<>();

    private static final class Entry {
        private double expected;
        private boolean learnt;
        private double quiet;
        private boolean pretending;
        private long until;

        synchronized void learn(double seconds) {
            expected = learnt ? expected + NEWEST_COUNTS * (seconds - expected) : seconds;
            learnt = true;
        }

        synchronized void know(double quietSeconds, double lastSeconds) {
            quiet = quietSeconds;
            if (!learnt && lastSeconds > 0) {
                learn(lastSeconds);
            }
        }

        synchronized double passedOver(long now) {
            if (pretending && now - until < 0) {
                return 0;
            }
            pretending = true;
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
                    .know(
                            view.timing().quietPeriod().toNanos() / 1e9,
                            view.lastDuration().map(d -> d.toNanos() / 1e9).orElse(0.0));
        }
        entries.keySet().retainAll(views.stream().map(ViewStatus::view).toList());
    }

    /** @return seconds */
    double avoided(ViewId view, Avoided reason, long nanos) {
        return switch (reason) {
            case PROBE -> entry(view).expected();
            case COLUMN, DISCRIMINATOR -> entry(view).passedOver(nanos);
            case COALESCED -> 0;
        };
    }

    private Entry entry(ViewId view) {
        return entries.computeIfAbsent(view, id -> new Entry());
    }
}
