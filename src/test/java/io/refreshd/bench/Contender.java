package io.refreshd.bench;

import java.util.Map;
import java.util.OptionalLong;

/** A way to keep views fresh, active until it is closed. */
interface Contender extends AutoCloseable {
    /** Called once, before a round is measured. Views are fresh when this returns, timers run, and counters start from here. */
    void begin() throws Exception;

    /** Whether it refreshes views at all. Contenders that do not are there for comparison. */
    default boolean keepsFresh() {
        return true;
    }

    default AfterWrite afterWrite() {
        return AfterWrite.NOTHING;
    }

    /** The refreshes by view. */
    default Map<String, Refreshes.Count> refreshes() throws Exception {
        return Map.of();
    }

    /** The refreshes that the contender avoided, by reason; empty for contenders that do not decide. */
    default Map<String, Long> avoided() throws Exception {
        return Map.of();
    }

    /** Seconds of CPU outside of PostgreSQL. */
    double cpuSeconds();

    /** The id of its process, if it has a process of its own. */
    default OptionalLong pid() {
        return OptionalLong.empty();
    }

    @Override
    void close() throws Exception;
}
