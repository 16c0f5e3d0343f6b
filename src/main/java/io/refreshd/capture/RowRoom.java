package io.refreshd.capture;

import java.util.Collection;

/**
 * The memory limit for what is remembered of the rows of one transaction, shared by all of its tables. The rows of each table are bounded too, but
 * a transaction may change thousands of partitions.
 *
 * <p>Thread: the one that reads the stream.
 */
final class RowRoom {
    /** Bytes on the heap, estimated: some fifty tables with as many keys of numbers as are remembered of each. */
    static final long MOST = 4 * 1024 * 1024;

    /** A short text in a set of sets: the text itself, its array and its share of the sets. */
    private static final int TEXT_BYTES = 80;

    private long left = MOST;

    /** Takes room for the texts. @return whether there was enough */
    boolean take(Collection<String> texts) {
        for (String text : texts) {
            left -= TEXT_BYTES + text.length();
        }
        return left >= 0;
    }
}
