package io.refreshd.observe;

import io.refreshd.model.ViewId;
import io.refreshd.report.Notice.Avoided;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;

/**
 * Counts of avoided refreshes by view since the last scrape. One batch of changes may avoid a refresh of each of a thousand views,
 * and to create the metric series of all of them takes longer than to route the batch: so the series are updated by the scrape.
 *
 * <p>Thread: any.
 */
final class AvoidedCounts {
    private final Map<ViewId, Count> counts = new ConcurrentHashMap<>();

    /** Invariant: written only under the map's lock of its key, and read only after it was removed from the map. */
    static final class Count {
        private final Map<Avoided, Long> byReason = new EnumMap<>(Avoided.class);
        private double seconds;

        Map<Avoided, Long> byReason() {
            return byReason;
        }

        /** Estimated duration of the avoided refreshes. */
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

    /** Removes every count and passes it to the consumer. */
    void take(BiConsumer<ViewId, Count> consumer) {
        counts.keySet().forEach(view -> {
            Count count = counts.remove(view);
            if (count != null) {
                consumer.accept(view, count);
            }
        });
    }
}
