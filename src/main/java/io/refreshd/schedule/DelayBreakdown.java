package io.refreshd.schedule;

import io.refreshd.report.Lateness;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How long the pending changes of a view were delayed, by cause. Used to explain a missed target lag, not to decide. */
final class DelayBreakdown {
    private final Map<Lateness, Long> nanos = new EnumMap<>(Lateness.class);
    private @Nullable Lateness current;
    private long since;

    /** From now on {@code cause} delays the view; null: the view waits only for its own due time. */
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

    void addAll(DelayBreakdown others) {
        others.nanos.forEach(this::add);
    }

    /**
     * The cause that took most of the time. Only what a refresh took longer than expected counts against the delays: the
     * expected duration is part of the due time.
     */
    Lateness mainCause(long duration, long expected, long target) {
        if (duration >= target) {
            return Lateness.LONG_REFRESH;
        }
        Lateness cause = Lateness.UNEXPECTEDLY_LONG_REFRESH;
        long most = Math.max(0, duration - expected);
        for (Map.Entry<Lateness, Long> delay : nanos.entrySet()) {
            if (delay.getValue() > most) {
                most = delay.getValue();
                cause = delay.getKey();
            }
        }
        return cause;
    }
}
