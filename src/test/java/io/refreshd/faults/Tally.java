package io.refreshd.faults;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;

/** What happened how often, and how long the worst of it took. */
final class Tally {
    private final Map<String, AtomicLong> counts = new ConcurrentSkipListMap<>();
    private final Map<String, Duration> worst = new ConcurrentSkipListMap<>();

    void count(String what) {
        counts.computeIfAbsent(what, key -> new AtomicLong()).incrementAndGet();
    }

    void set(String what, long value) {
        counts.computeIfAbsent(what, key -> new AtomicLong()).set(value);
    }

    void took(String what, Duration duration) {
        worst.merge(what, duration, (a, b) -> a.compareTo(b) > 0 ? a : b);
    }

    long of(String what) {
        AtomicLong count = counts.get(what);
        return count == null ? 0 : count.get();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        new TreeMap<>(counts).forEach((what, count) -> text.append("  %-32s %8d%n".formatted(what, count.get())));
        new TreeMap<>(worst)
                .forEach((what, time) -> text.append("  %-32s %8.1f s%n".formatted(what, time.toMillis() / 1e3)));
        return text.toString();
    }
}
