package io.refreshd.refresh;

import io.refreshd.model.Failure;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.time.Duration;

/** Thrown to roll back a refresh that was cancelled for the sake of another session. */
final class GaveWayException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** lock_not_available: the failure is not the view's, so that it is not counted, and no view is suspended for it. */
    private static final String LOCK_NOT_AVAILABLE = "55P03";

    private final transient LockConflict conflict;

    GaveWayException(LockConflict conflict, Exception cancelled) {
        super(cancelled);
        this.conflict = conflict;
    }

    LockConflict conflict() {
        return conflict;
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
                ? "; " + inARow + " times in a row now, so the next attempt gives way after "
                        + LockConflict.seconds(next) + " only"
                : "";
        return new Failure(
                Failure.Kind.TRANSIENT,
                LOCK_NOT_AVAILABLE,
                "the refresh of " + view + " gave way: " + conflict.text(before) + "; it is tried again" + longer,
                conflict.remedy());
    }

    /** The error for work that is no refresh. @param before the patience that the work had */
    SQLException error(Duration before) {
        return new SQLException("gave way: " + conflict.text(before) + "; it is tried again", LOCK_NOT_AVAILABLE, this);
    }
}
