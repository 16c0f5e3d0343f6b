package io.refreshd.config;

import io.refreshd.model.RefreshSchedule;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Times in the notation of cron. As there, a day has to match both fields for days, or either of them if both are restricted.
 *
 * <p>A time of certain hours that the clock shows twice counts once, the first time; one that the clock is put forward over counts when
 * that happens. A time of every hour counts as often as the clock shows it.
 *
 * @param days of the month
 * @param weekDays 0 to 6 from Sunday on
 * @param text as it was written
 */
record CronSchedule(BitSet minutes, BitSet hours, BitSet days, BitSet months, BitSet weekDays, ZoneId zone, String text)
        implements RefreshSchedule {
    /** The longest that a time can be ahead: from one 29 February to the next over a year such as 2100. */
    private static final int MOST_DAYS = 9 * 366;

    private static final Instant ANY = Instant.parse("2024-01-01T00:00:00Z");

    /** Whether there is such a time at all: not so on 30 February. */
    boolean everComes() {
        return find(ANY).isPresent();
    }

    @Override
    public Instant next(Instant after) {
        return find(after).orElseThrow();
    }

    private Optional<Instant> find(Instant after) {
        // The day before too: its last times may count today, where midnight does not exist.
        LocalDate first = after.atZone(zone).toLocalDate().minusDays(1);
        for (int i = 0; i < MOST_DAYS; i++) {
            LocalDate day = first.plusDays(i);
            Optional<Instant> next = matches(day)
                    ? timesOf(day).filter(time -> time.isAfter(after)).min(Instant::compareTo)
                    : Optional.empty();
            if (next.isPresent()) {
                return next;
            }
        }
        return Optional.empty();
    }

    private boolean matches(LocalDate day) {
        boolean inMonth = days.get(day.getDayOfMonth());
        boolean inWeek = weekDays.get(day.getDayOfWeek().getValue() % DayOfWeek.values().length);
        boolean either = days.cardinality() < 31 && weekDays.cardinality() < 7;
        return months.get(day.getMonthValue()) && (either ? inMonth || inWeek : inMonth && inWeek);
    }

    private Stream<Instant> timesOf(LocalDate day) {
        return hours.stream()
                .boxed()
                .flatMap(hour -> minutes.stream()
                        .mapToObj(minute -> day.atTime(hour, minute))
                        .flatMap(time -> moments(time).stream()));
    }

    private List<Instant> moments(LocalDateTime time) {
        return hours.cardinality() == 24 ? TimeZones.momentsOf(time, zone) : List.of(TimeZones.first(time, zone));
    }

    @Override
    public String toString() {
        return text;
    }
}
