package io.refreshd;

import io.refreshd.model.Lsn;
import java.time.Instant;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** When what stands in the log was committed, by place; bounded, so that of what is long past nothing is known. */
final class Milestones {
    /** With a standby away nothing is claimed for hours, and the log goes on. */
    private static final int MOST = 10_000;

    private final NavigableMap<Lsn, Instant> times = new TreeMap<>();

    void add(Lsn position, Instant time) {
        times.put(position, time);
        if (times.size() > MOST) {
            times.pollFirstEntry();
        }
    }

    /** Of the newest milestone at or before the position. */
    Optional<Instant> at(Lsn position) {
        return Optional.ofNullable(times.floorEntry(position)).map(NavigableMap.Entry::getValue);
    }
}
