package io.refreshd.bench;

import java.util.Map;
import java.util.OptionalLong;

/** One way to keep views fresh, at work until it is closed. */
interface Contender extends AutoCloseable {
    /** Views are fresh, what ticks begins to tick, and what is counted is counted from here on. Called once. */
    void begin() throws Exception;

    /** False for those that are there to be compared with: nobody looks at their views. */
    default boolean keepsFresh() {
        return true;
    }

    default AfterWrite afterWrite() {
        return AfterWrite.NOTHING;
    }

    /** Refreshes by view. */
    default Map<String, Refreshes.Count> refreshes() throws Exception {
        return Map.of();
    }

    /** Refreshes that it knew to be without need, by reason; empty for those that do not look. */
    default Map<String, Long> avoided() throws Exception {
        return Map.of();
    }

    /** CPU it has used outside of PostgreSQL, in seconds. */
    double cpuSeconds();

    /** Its process, if it has one of its own. */
    default OptionalLong pid() {
        return OptionalLong.empty();
    }

    @Override
    void close() throws Exception;
}
