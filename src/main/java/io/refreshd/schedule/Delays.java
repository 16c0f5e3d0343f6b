package io.refreshd.schedule;

import io.refreshd.report.Lateness;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How long a view's needs were held up, and by what. It only explains; nothing is decided by it. */
final class Delays {
    private final Map<Lateness, Long> nanos = new EnumMap<>(Lateness.class);
    private @Nullable Lateness current;
    private long since;

    /** From now on this holds the view up; null: it waits of its own accord. */
    void enter(@Nullable Lateness cause, long now) {
        if (cause == current) {
            return;
        }
        if (current != null) {
            add(current, now - since);
        }
        current = cause;
        since = now;
    }

    void add(Lateness cause, long duration) {
        if (duration > 0) {
            nanos.merge(cause, duration, Long::sum);
        }
    }

    void addAll(Delays others) {
        others.nanos.forEach(this::add);
    }

    /** What took most of the time beyond plan. */
    Lateness reason(long duration, long expected, long target) {
        if (duration >= target) {
            return Lateness.LONG_REFRESH;
        }
        Lateness reason = Lateness.UNEXPECTEDLY_LONG_REFRESH;
        long most = Math.max(0, duration - expected);
        for (Map.Entry<Lateness, Long> delay : nanos.entrySet()) {
            if (delay.getValue() > most) {
                most = delay.getValue();
                reason = delay.getKey();
            }
        }
        return reason;
    }
}
