package io.refreshd.schedule;

import io.refreshd.model.RefreshSchedule;
import io.refreshd.model.RefreshWindow;
import io.refreshd.model.Timing;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What the time of day says of one view: whether its window is open, and when its schedule asks for a refresh.
 *
 * <p>Invariant: the clock of the machine may be set at any time. So no time of day is waited for longer than a minute without another look
 * at the clock, and a refresh that seems to have been in the future counts as one of the present.
 */
final class ViewCalendar {
    private static final long LONGEST_WAIT = Duration.ofMinutes(1).toNanos();

    private final WallClock clock;
    /** When the last refresh began after which the schedule asks for another one. */
    private Instant lastRun;
    /** Until when the window is closed, as the ledger has it; empty: it is open, or there is none. */
    private Optional<Instant> inLedger;

    /** When it was seen that the window had opened, or refreshd had started: before that no view is late. */
    private long openedAt;

    /** The last answer of the window, and from when on it holds; null: it has not been asked. */
    private @Nullable RefreshWindow asked;

    private RefreshWindow.Period period = new RefreshWindow.Period(true, Instant.EPOCH);
    private Instant periodFrom = Instant.EPOCH;

    /** The last answer of the schedule; null: it has not been asked. */
    private @Nullable RefreshSchedule askedSchedule;

    private Instant scheduledAfter = Instant.EPOCH;
    private Instant scheduled = Instant.EPOCH;

    /**
     * @param lastRun when the last refresh began, as far as is known
     * @param inLedger until when the window is closed, as the ledger has it
     */
    ViewCalendar(WallClock clock, Instant lastRun, Optional<Instant> inLedger, long now) {
        this.clock = clock;
        this.openedAt = now;
        this.lastRun = lastRun;
        this.inLedger = inLedger;
    }

    /** Until when the window is closed; empty: it is open, or there is none. */
    Optional<Instant> closedUntil(Timing timing, long now) {
        return timing.window()
                .map(window -> period(window, clock.at(now)))
                .filter(known -> !known.open())
                .map(RefreshWindow.Period::until);
    }

    /** When the window opens; empty: it is open, or there is none. */
    OptionalLong opensAt(Timing timing, long now) {
        return closedUntil(timing, now)
                .map(until -> OptionalLong.of(clock.nanosAt(until)))
                .orElse(OptionalLong.empty());
    }

    /** When the schedule asks for the next refresh, which may have passed; empty: there is none. */
    OptionalLong scheduledAt(Timing timing, long now) {
        return timing.schedule()
                .map(schedule -> OptionalLong.of(clock.nanosAt(scheduled(schedule, clock.at(now)))))
                .orElse(OptionalLong.empty());
    }

    /** When the time of day may change a decision about the view; empty: it never does. */
    OptionalLong looksAgainAt(Timing timing, long now) {
        if (timing.window().isEmpty() && timing.schedule().isEmpty()) {
            return OptionalLong.empty();
        }
        Optional<Instant> change =
                timing.window().map(window -> period(window, clock.at(now)).until());
        long at = now + LONGEST_WAIT;
        if (change.isPresent()) {
            at = Deadlines.earlier(at, clock.nanosAt(change.get()));
        }
        OptionalLong next = scheduledAt(timing, now);
        return OptionalLong.of(
                next.isPresent() && next.getAsLong() - now > 0 ? Deadlines.earlier(at, next.getAsLong()) : at);
    }

    /** A refresh that recomputed the whole view has succeeded. */
    void ran(Instant began) {
        lastRun = began;
    }

    /** How much of the time that a change has waited counts against the target lag: none of which the window was closed. */
    Duration counted(Timing timing, Duration staleness, long now) {
        Duration open = Duration.ofNanos(now - openedAt);
        return timing.window().isEmpty() || staleness.compareTo(open) < 0 ? staleness : open;
    }

    Optional<Instant> inLedger() {
        return inLedger;
    }

    /** Whether the ledger has to be told of a window that has opened or closed. */
    boolean hasChanged(Timing timing, long now) {
        Optional<Instant> closed = closedUntil(timing, now);
        boolean changed = !closed.equals(inLedger);
        inLedger = closed;
        if (changed && closed.isEmpty()) {
            openedAt = now;
        }
        return changed;
    }

    private RefreshWindow.Period period(RefreshWindow window, Instant time) {
        if (!window.equals(asked) || time.isBefore(periodFrom) || !time.isBefore(period.until())) {
            asked = window;
            period = window.at(time);
            periodFrom = time;
        }
        return period;
    }

    private Instant scheduled(RefreshSchedule schedule, Instant time) {
        if (lastRun.isAfter(time)) {
            lastRun = time;
        }
        if (!schedule.equals(askedSchedule) || !lastRun.equals(scheduledAfter)) {
            askedSchedule = schedule;
            scheduledAfter = lastRun;
            scheduled = schedule.next(lastRun);
        }
        return scheduled;
    }
}
