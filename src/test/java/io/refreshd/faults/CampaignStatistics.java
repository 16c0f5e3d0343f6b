package io.refreshd.faults;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** Counts of events and durations of a campaign. */
final class CampaignStatistics {
    private final Map<String, AtomicLong> counts = new ConcurrentSkipListMap<>();
    private final Map<String, List<Duration>> times = new ConcurrentSkipListMap<>();

    void count(String what) {
        counts.computeIfAbsent(what, key -> new AtomicLong()).incrementAndGet();
    }

    void set(String what, long value) {
        counts.computeIfAbsent(what, key -> new AtomicLong()).set(value);
    }

    void took(String what, Duration duration) {
        times.computeIfAbsent(what, key -> new CopyOnWriteArrayList<>()).add(duration);
    }

    long of(String what) {
        AtomicLong count = counts.get(what);
        return count == null ? 0 : count.get();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        new TreeMap<>(counts).forEach((what, count) -> text.append("  %-32s %8d%n".formatted(what, count.get())));
        new TreeMap<>(times).forEach((what, durations) -> {
            List<Duration> sorted = durations.stream().sorted().toList();
            text.append("  %-32s median %.1f s, max %.1f s (n = %d)%n"
                    .formatted(what, seconds(sorted.get(sorted.size() / 2)), seconds(sorted.getLast()), sorted.size()));
        });
        return text.toString();
    }

    private static double seconds(Duration time) {
        return time.toMillis() / 1e3;
    }
}
