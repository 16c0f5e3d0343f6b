package io.refreshd.observe;

import io.refreshd.model.ViewId;
import io.refreshd.report.Notice.Avoided;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;

/**
 * Refreshes that were avoided since somebody looked. Each batch of changes may avoid one for each of a thousand views, so here is
 * counted without their series, which take longer to make than the batch to decide. Any thread.
 */
final class AvoidedCounts {
    private final Map<ViewId, Count> counts = new ConcurrentHashMap<>();

    /** Written under the lock of its key, and read by whoever took it away. */
    static final class Count {
        private final Map<Avoided, Long> byReason = new EnumMap<>(Avoided.class);
        private double seconds;

        Map<Avoided, Long> byReason() {
            return byReason;
        }

        /** What the refreshes would have taken. */
        double seconds() {
            return seconds;
        }
    }

    void add(ViewId view, Avoided reason, double seconds) {
        counts.compute(view, (id, known) -> {
            Count count = known == null ? new Count() : known;
            count.byReason.merge(reason, 1L, Long::sum);
            count.seconds += seconds;
            return count;
        });
    }

    /** Hands each count over once. */
    void take(BiConsumer<ViewId, Count> taker) {
        counts.keySet().forEach(view -> {
            Count count = counts.remove(view);
            if (count != null) {
                taker.accept(view, count);
            }
        });
    }
}
