package io.refreshd;

import io.refreshd.model.Lsn;
import java.time.Instant;
import java.util.Iterator;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * When what stands in the log was committed, by place. Bounded: the older half is thinned out, so that of what is long past a
 * time is told that is somewhat earlier than the true one, and never a later one.
 */
final class Milestones {
    /** With a standby away nothing is claimed for hours, and the log goes on. */
    static final int MOST = 10_000;

    private final NavigableMap<Lsn, Instant> times = new TreeMap<>();

    void add(Lsn position, Instant time) {
        times.put(position, time);
        if (times.size() > MOST) {
            thin();
        }
    }

    /** Every other one, but for the first: a view may stand where it stood when all began. */
    private void thin() {
        Iterator<Lsn> older = times.keySet().iterator();
        for (int i = 0; i < MOST / 2; i++) {
            older.next();
            if (i % 2 == 1) {
                older.remove();
            }
        }
    }

    int size() {
        return times.size();
    }

    /** Of the newest milestone at or before the position. */
    Optional<Instant> at(Lsn position) {
        return Optional.ofNullable(times.floorEntry(position)).map(NavigableMap.Entry::getValue);
    }
}
