package io.refreshd.ingest;

import io.refreshd.model.Lsn;
import java.time.Instant;
import java.util.Iterator;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Commit times by position in the log, at most {@link #MOST} of them. When the index is full, every other entry of its older half
 * is removed.
 *
 * <p>Invariant: a lookup returns the commit time of an entry at or before the position, so it is never too late; of an old
 * position it may be somewhat too early.
 */
final class CommitTimeIndex {
    /** While a synchronous standby is away nothing is claimed for hours, and the log goes on. */
    static final int MOST = 10_000;

    private final NavigableMap<Lsn, Instant> times = new TreeMap<>();

    void add(Lsn position, Instant time) {
        times.put(position, time);
        if (times.size() > MOST) {
            thin();
        }
    }

    /** The first entry stays: a view may have been fresh last at the position where this daemon began. */
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

    /** The commit time of the newest entry at or before the position. */
    Optional<Instant> at(Lsn position) {
        return Optional.ofNullable(times.floorEntry(position)).map(NavigableMap.Entry::getValue);
    }
}
