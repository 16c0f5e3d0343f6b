package io.refreshd.schedule;

import io.refreshd.model.Lsn;
import java.util.Optional;

/** How far the log has been read and routed. */
final class LogProgress {
    private Optional<Lsn> routed = Optional.empty();
    private Lsn read = Lsn.ZERO;

    /** Up to here a stream that goes on delivers again what was routed before. */
    private Lsn again = Lsn.ZERO;
    /** The position that a look-up waited for in vain. */
    private Lsn missed = Lsn.ZERO;

    /** See {@link Event.RoutedTo}. A position before the last one belongs to another timeline, so all starts again there. */
    void routedTo(Lsn position, Lsn upTo) {
        boolean backwards =
                routed.filter(there -> position.compareTo(there) < 0).isPresent();
        read = backwards ? upTo : read.max(upTo);
        missed = backwards ? Lsn.ZERO : missed;
        routed = Optional.of(position);
    }

    /** See {@link Event.StreamBegan}. */
    void began(Lsn from) {
        again = routed.orElse(Lsn.ZERO);
        read = read.max(from);
    }

    /** Whether whatever the stream delivers again has been delivered. */
    boolean isReadAgain() {
        return isRead(again);
    }

    Lsn read() {
        return read;
    }

    /** See {@link Event.ReadTo}. */
    void readTo(Lsn position) {
        read = read.max(position);
    }

    /** A look-up ended before the log had been read up to this position. */
    void missed(Lsn position) {
        missed = missed.max(position);
    }

    /** What a watermark may claim: all up to here was routed and seen to be visible. Empty: nothing was routed yet. */
    Optional<Lsn> routed() {
        return routed;
    }

    /** Whether everything that committed at or before the position has been read from the log and routed. */
    boolean isRead(Lsn position) {
        return read.compareTo(position) >= 0;
    }

    /** Whether a look-up that begins now would hardly be answered in time, as the last one was not. */
    boolean isBehind() {
        return !isRead(missed);
    }
}
