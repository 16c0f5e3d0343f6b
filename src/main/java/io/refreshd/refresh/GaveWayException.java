package io.refreshd.refresh;

import io.refreshd.model.Failure;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.time.Duration;

/** Thrown to roll back a refresh that was cancelled, because it held up another session's lock for too long. */
final class GaveWayException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** lock_not_available: the failure is not the view's, so that it is not counted, and no view is suspended for it. */
    private static final String LOCK_NOT_AVAILABLE = "55P03";

    private final String lock;

    /** @param lock the relation that the other session waits to lock */
    GaveWayException(String lock, Exception cancelled) {
        super(cancelled);
        this.lock = lock;
    }

    /**
     * The failure for people to read.
     *
     * @param inARow how often refreshes of the view gave way since the last that did not
     * @param before the patience that this refresh had
     * @param next the patience of the next attempt
     */
    Failure failure(ViewId view, int inARow, Duration before, Duration next) {
        String longer = next.compareTo(before) > 0
                ? "; " + inARow + " times in a row now, so the next attempt gives way after " + seconds(next) + " only"
                : "";
        return new Failure(
                Failure.Kind.TRANSIENT,
                LOCK_NOT_AVAILABLE,
                "the refresh of " + view + " gave way: another session waited for its lock on " + lock
                        + " for longer than refresh.lock-patience (" + seconds(before) + "); it is tried again"
                        + longer,
                Remedy.text("take such locks when the view is not being refreshed, or raise refresh.lock-patience"));
    }

    /** The error for work that is no refresh. @param before the patience that the work had */
    SQLException error(Duration before) {
        return new SQLException(
                "gave way: another session waited for its lock on " + lock + " for longer than refresh.lock-patience ("
                        + seconds(before) + "); it is tried again",
                LOCK_NOT_AVAILABLE,
                this);
    }

    private static String seconds(Duration time) {
        return time.toMillis() % 1000 == 0 ? time.toSeconds() + " s" : time.toMillis() + " ms";
    }
}
