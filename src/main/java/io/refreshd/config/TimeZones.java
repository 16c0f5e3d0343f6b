package io.refreshd.config;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.util.List;
import java.util.Set;

/** Time zones by name, and what a time of day means on days on which the clock is put forward or back. Pure. */
final class TimeZones {
    private TimeZones() {}

    static ZoneId parse(String name) throws InvalidValueException {
        try {
            return ZoneId.of(name);
        } catch (DateTimeException e) {
            Set<String> known = ZoneId.getAvailableZoneIds();
            throw new InvalidValueException(
                    "there is no such time zone",
                    Suggestion.near(name, known)
                            .map(right -> "did you mean " + right + "?")
                            .orElse("write a name such as Europe/Berlin, America/New_York or UTC"));
        }
    }

    /** The moments at which the clock shows this time, the first one first; none if the clock is put forward over it. */
    static List<Instant> momentsOf(LocalDateTime time, ZoneId zone) {
        return zone.getRules().getValidOffsets(time).stream()
                .map(offset -> time.toInstant(offset))
                .toList();
    }

    /** The first moment at which the clock shows this time or has been put forward over it. */
    static Instant first(LocalDateTime time, ZoneId zone) {
        return orWhenSkipped(time, zone, false);
    }

    /** The last such moment. */
    static Instant last(LocalDateTime time, ZoneId zone) {
        return orWhenSkipped(time, zone, true);
    }

    private static Instant orWhenSkipped(LocalDateTime time, ZoneId zone, boolean last) {
        List<ZoneOffset> offsets = zone.getRules().getValidOffsets(time);
        if (offsets.isEmpty()) {
            ZoneOffsetTransition gap = zone.getRules().getTransition(time);
            return gap.getInstant();
        }
        return time.toInstant(last ? offsets.getLast() : offsets.getFirst());
    }
}
