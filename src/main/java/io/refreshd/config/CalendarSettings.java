package io.refreshd.config;

import io.refreshd.model.RefreshSchedule;
import io.refreshd.model.RefreshWindow;
import io.refreshd.model.Timing;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** The settings of when a view is refreshed that go by the clock, to see whether they contradict each other. Pure. */
public record CalendarSettings(
        Optional<Duration> maxStaleness, Optional<RefreshWindow> window, Optional<RefreshSchedule> schedule) {
    private static final Instant ANY = Instant.parse("2024-01-01T00:00:00Z");
    /** Openings of the window that are looked at: of a daily one two years. */
    private static final int MOST_OPENINGS = 800;

    public static CalendarSettings of(Timing timing) {
        return new CalendarSettings(timing.maxStaleness(), timing.window(), timing.schedule());
    }

    /** For how long the window is closed at most; zero without a window. */
    public Duration longestClosed() {
        return window.map(times -> times instanceof WeeklyWindow weekly ? weekly.longestClosed() : Duration.ZERO)
                .orElse(Duration.ZERO);
    }

    /** Whether the view cannot be refreshed as often as {@code max-staleness} says, since its window is closed for longer. */
    public boolean windowIsClosedForLonger() {
        return maxStaleness.filter(age -> age.compareTo(longestClosed()) < 0).isPresent();
    }

    /** Whether no time of the schedule falls into the window. */
    public boolean scheduleMissesWindow() {
        if (window.isEmpty() || schedule.isEmpty()) {
            return false;
        }
        Instant time = schedule.get().next(ANY);
        for (int i = 0; i < MOST_OPENINGS; i++) {
            RefreshWindow.Period period = window.get().at(time);
            if (period.open()) {
                return false;
            }
            time = schedule.get().next(period.until().minusNanos(1));
        }
        return true;
    }
}
