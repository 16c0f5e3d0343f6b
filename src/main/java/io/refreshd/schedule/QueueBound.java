package io.refreshd.schedule;

import java.time.Duration;
import java.util.OptionalLong;

/**
 * How much of the log is kept for incremental views that lack what it holds. Beyond that the log may go. The rows that changed are still
 * known in memory then; a daemon that starts without having read them recomputes all rows.
 *
 * @param bytes of log
 * @param time since the view began to lack something
 */
public record QueueBound(long bytes, Duration time) {
    /**
     * A round takes less than a second. What a minute has not brought is held up by something else; 64 MB are read again in seconds, and
     * are little against the log that a server keeps anyway.
     */
    public static final QueueBound USUAL = new QueueBound(64L << 20, Duration.ofMinutes(1));

    /** @param maxRetained bytes of log at which the slot is given up: the queue must stay far from that */
    public static QueueBound below(OptionalLong maxRetained) {
        return maxRetained.isPresent() && maxRetained.getAsLong() / 4 < USUAL.bytes()
                ? new QueueBound(maxRetained.getAsLong() / 4, USUAL.time())
                : USUAL;
    }
}
