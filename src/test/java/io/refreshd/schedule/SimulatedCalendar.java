package io.refreshd.schedule;

import io.refreshd.model.RefreshSchedule;
import io.refreshd.model.RefreshWindow;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.TimeUnit;

/** Windows and schedules of seconds rather than days, for tests in virtual time. */
final class SimulatedCalendar {
    private SimulatedCalendar() {}

    /** Open at the beginning of each period. */
    record Window(Duration every, Duration open) implements RefreshWindow {
        @Override
        public Period at(Instant time) {
            Instant began = beginning(time, every);
            Instant closes = began.plus(open);
            return time.isBefore(closes) ? new Period(true, closes) : new Period(false, began.plus(every));
        }

        @Override
        public ZoneId zone() {
            return ZoneOffset.UTC;
        }
    }

    record Schedule(Duration every) implements RefreshSchedule {
        @Override
        public Instant next(Instant after) {
            return beginning(after, every).plus(every);
        }
    }

    private static Instant beginning(Instant time, Duration every) {
        long nanos = TimeUnit.SECONDS.toNanos(time.getEpochSecond()) + time.getNano();
        return Instant.EPOCH.plusNanos(nanos - Math.floorMod(nanos, every.toNanos()));
    }
}
