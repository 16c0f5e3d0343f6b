package io.refreshd.observe;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;

/** Lets the first of equal messages through, then one in each interval. One thread. */
final class RepeatLimit {
    private final long intervalNanos;
    private final Map<Object, Seen> seen = new HashMap<>();

    RepeatLimit(Duration interval) {
        this.intervalNanos = interval.toNanos();
    }

    /** How many messages of this kind were held back since the last one that was let through; empty: hold this one back. */
    OptionalLong admit(Object kind, long nanos) {
        Seen before = seen.get(kind);
        if (before != null && nanos - before.admittedAt < intervalNanos) {
            before.heldBack++;
            return OptionalLong.empty();
        }
        seen.put(kind, new Seen(nanos));
        return OptionalLong.of(before == null ? 0 : before.heldBack);
    }

    /** The trouble is over: the next message of this kind is a first one again. */
    void forget(Object kind) {
        seen.remove(kind);
    }

    private static final class Seen {
        private final long admittedAt;
        private long heldBack;

        Seen(long admittedAt) {
            this.admittedAt = admittedAt;
        }
    }
}
