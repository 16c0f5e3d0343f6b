package io.refreshd.observe;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;

/** Lets the first of equal messages through, then one in each interval. One thread at a time. */
public final class RepeatLimit {
    /** Kinds name views, and views come and go: from here on, what is older than the interval is forgotten. */
    private static final int MANY = 256;

    private final long intervalNanos;
    private final Map<Object, Seen> seen = new HashMap<>();

    public RepeatLimit(Duration interval) {
        this.intervalNanos = interval.toNanos();
    }

    /** How many messages of this kind were held back since the last one that was let through; empty: hold this one back. */
    public OptionalLong admit(Object kind, long nanos) {
        Seen before = seen.get(kind);
        if (before != null && isRecent(before, nanos)) {
            before.heldBack++;
            return OptionalLong.empty();
        }
        if (before == null && seen.size() >= MANY) {
            seen.values().removeIf(entry -> !isRecent(entry, nanos));
        }
        seen.put(kind, new Seen(nanos));
        return OptionalLong.of(before == null ? 0 : before.heldBack);
    }

    /** The trouble is over: the next message of this kind is a first one again. */
    public void forget(Object kind) {
        seen.remove(kind);
    }

    int size() {
        return seen.size();
    }

    private boolean isRecent(Seen entry, long nanos) {
        return nanos - entry.admittedAt < intervalNanos;
    }

    private static final class Seen {
        private final long admittedAt;
        private long heldBack;

        Seen(long admittedAt) {
            this.admittedAt = admittedAt;
        }
    }
}
