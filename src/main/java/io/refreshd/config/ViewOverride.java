package io.refreshd.config;

import io.refreshd.model.FullRecompute;
import io.refreshd.model.Method;
import io.refreshd.model.RefreshSchedule;
import io.refreshd.model.RefreshWindow;
import java.time.Duration;
import java.util.Optional;

/** Settings for the views that match a pattern; empty ones are inherited. */
public record ViewOverride(
        ViewPattern pattern,
        Optional<Duration> quietPeriod,
        Optional<Duration> targetLag,
        Optional<MaxStaleness> maxStaleness,
        Optional<OrNone<RefreshWindow>> window,
        Optional<OrNone<RefreshSchedule>> schedule,
        Optional<Method> method,
        Optional<FullRecompute> fullRecompute,
        Optional<Boolean> notifies) {
    /** What the override itself says of the calendar; what it lacks is left out. */
    CalendarSettings calendar() {
        return new CalendarSettings(
                maxStaleness.flatMap(MaxStaleness::bound),
                window.flatMap(OrNone::value),
                schedule.flatMap(OrNone::value));
    }
}
