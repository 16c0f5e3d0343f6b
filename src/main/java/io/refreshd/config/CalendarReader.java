package io.refreshd.config;

import io.refreshd.model.RefreshSchedule;
import io.refreshd.model.RefreshWindow;

/** Reader of what goes by the clock: {@code window} and {@code schedule}. */
final class CalendarReader {
    private CalendarReader() {}

    static OrNone<RefreshWindow> window(String text) throws InvalidValueException {
        return OrNone.parse(text, WindowParser::parse);
    }

    static OrNone<RefreshSchedule> schedule(String text) throws InvalidValueException {
        return OrNone.parse(text, CronParser::parse);
    }

    /** Reports what contradicts each other within one section. What overrides say together, {@code check} tells. */
    static void requireAgreement(Section section, CalendarSettings settings) {
        if (settings.windowIsClosedForLonger()) {
            section.problem(
                    Key.VIEWS_MAX_STALENESS,
                    Durations.format(settings.maxStaleness().orElseThrow()),
                    "shorter than the time for which window is closed, " + Durations.format(settings.longestClosed()),
                    "make it longer, or the window wider, or leave one of the two out");
        }
        if (settings.scheduleMissesWindow()) {
            section.problem(
                    Key.VIEWS_SCHEDULE,
                    settings.schedule().orElseThrow().toString(),
                    "no time of it falls into window, which is "
                            + settings.window().orElseThrow(),
                    "choose times within the window, or leave the window out");
        }
    }
}
