package io.refreshd.config;

import io.refreshd.model.RefreshWindow;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * Times of day, on all or some days of the week.
 *
 * <p>A time that the clock shows twice opens the window at the first, and closes it at the last. If the clock is put forward over the
 * whole of a window, the window opens at that moment, for as long as it would have been open.
 *
 * @param parts at least one
 * @param text as it was written
 */
record WeeklyWindow(List<Part> parts, ZoneId zone, String text) implements RefreshWindow {
    static final int DAY = 24 * 60;
    private static final int WEEK = 7 * DAY;

    WeeklyWindow {
        parts = List.copyOf(parts);
    }

    /**
     * One span of time.
     *
     * @param days on which it begins
     * @param from minute of the day
     * @param to minute of that day, not included; beyond {@link #DAY} on the next one
     */
    record Part(Set<DayOfWeek> days, int from, int to) {
        Part {
            days = Set.copyOf(days);
        }
    }

    private record Span(Instant from, Instant to) {}

    @Override
    public Period at(Instant time) {
        Instant closes = time;
        for (Span span : spansAround(time)) {
            if (span.from().isAfter(closes)) {
                return closes.equals(time) ? new Period(false, span.from()) : new Period(true, closes);
            }
            if (span.to().isAfter(closes)) {
                closes = span.to();
            }
        }
        // Spans follow each other for a week and longer: it is looked at again then.
        return new Period(true, closes);
    }

    /** Those that begin between two days before and nine days after the time, so that there is one which has yet to begin. */
    private List<Span> spansAround(Instant time) {
        LocalDate day = time.atZone(zone).toLocalDate();
        List<Span> spans = new ArrayList<>();
        for (LocalDate one = day.minusDays(2); !one.isAfter(day.plusDays(9)); one = one.plusDays(1)) {
            for (Part part : parts) {
                if (part.days().contains(one.getDayOfWeek())) {
                    spans.add(span(one.atStartOfDay(), part));
                }
            }
        }
        spans.sort(Comparator.comparing(Span::from));
        return spans;
    }

    private Span span(LocalDateTime midnight, Part part) {
        Instant from = TimeZones.first(midnight.plusMinutes(part.from()), zone);
        Instant to = TimeZones.last(midnight.plusMinutes(part.to()), zone);
        return new Span(from, to.isAfter(from) ? to : from.plus(Duration.ofMinutes(part.to() - part.from())));
    }

    /** For how long it is closed at most, in a week in which the clock is not changed. */
    Duration longestClosed() {
        boolean[] open = new boolean[WEEK];
        for (Part part : parts) {
            for (DayOfWeek day : part.days()) {
                for (int minute = part.from(); minute < part.to(); minute++) {
                    open[((day.getValue() - 1) * DAY + minute) % WEEK] = true;
                }
            }
        }
        int longest = 0;
        int closed = 0;
        // Twice around, for a span that is closed over the end of the week.
        for (int minute = 0; minute < 2 * WEEK; minute++) {
            closed = open[minute % WEEK] ? 0 : closed + 1;
            longest = Math.max(longest, closed);
        }
        return Duration.ofMinutes(longest);
    }

    @Override
    public String toString() {
        return text;
    }
}
