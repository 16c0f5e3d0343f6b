package io.refreshd.schedule;

import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How long a view's needs were held up, and by what. It only explains; nothing is decided by it. */
final class Delays {
    enum Cause {
        CAPTURE("capture was late"),
        PREVIOUS("waited for the refresh before"),
        SLOT("waited for a free slot"),
        UPSTREAM("waited for upstream"),
        VISIBILITY("waited for visibility"),
        BACKOFF("backing off"),
        SUSPENDED("was suspended"),
        PAUSED("was paused");

        final String words;

        Cause(String words) {
            this.words = words;
        }
    }

    private final Map<Cause, Long> nanos = new EnumMap<>(Cause.class);
    private @Nullable Cause current;
    private long since;

    /** From now on this holds the view up; null: it waits of its own accord. */
    void enter(@Nullable Cause cause, long now) {
        if (cause == current) {
            return;
        }
        if (current != null) {
            add(current, now - since);
        }
        current = cause;
        since = now;
    }

    void add(Cause cause, long duration) {
        if (duration > 0) {
            nanos.merge(cause, duration, Long::sum);
        }
    }

    void addAll(Delays others) {
        others.nanos.forEach(this::add);
    }

    /** What took most of the time beyond plan. */
    String reason(long duration, long expected, long target) {
        if (duration >= target) {
            return "refresh takes longer than the target";
        }
        String reason = "refresh took longer than expected";
        long most = Math.max(0, duration - expected);
        for (Map.Entry<Cause, Long> delay : nanos.entrySet()) {
            if (delay.getValue() > most) {
                most = delay.getValue();
                reason = delay.getKey().words;
            }
        }
        return reason;
    }
}
