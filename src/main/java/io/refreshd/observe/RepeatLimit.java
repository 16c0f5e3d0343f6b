package io.refreshd.observe;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Predicate;

/**
 * Rate limit by kind: admits the first message of a kind, then one in each interval. {@link ThrottledLog} applies it to log lines.
 *
 * <p>Thread: one at a time.
 */
final class RepeatLimit {
    /** Kinds name views, and views are dropped: at this number of kinds those older than the interval are removed. */
    private static final int PURGE_AT = 256;

    private final long intervalNanos;
    private final Map<Object, Seen> seen = new HashMap<>();

    RepeatLimit(Duration interval) {
        this.intervalNanos = interval.toNanos();
    }

    /** The number of messages of this kind held back since the last one admitted; empty if this one is to be held back. */
    OptionalLong admit(Object kind, long nanos) {
        Seen before = seen.get(kind);
        if (before != null && isRecent(before, nanos)) {
            before.heldBack++;
            return OptionalLong.empty();
        }
        if (before == null && seen.size() >= PURGE_AT) {
            seen.values().removeIf(entry -> !isRecent(entry, nanos));
        }
        seen.put(kind, new Seen(nanos));
        return OptionalLong.of(before == null ? 0 : before.heldBack);
    }

    /** Makes the next message of this kind a first one again. */
    public void forget(Object kind) {
        seen.remove(kind);
    }

    /** The same for every kind that matches. */
    void forget(Predicate<Object> matching) {
        seen.keySet().removeIf(matching);
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
