package io.refreshd.model;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** How a refresh ended. An outcome is a value: the refresher throws only if the program itself is wrong. */
public sealed interface RefreshOutcome {

    /**
     * The view holds everything its task was to cover, durably.
     *
     * @param snapshot taken before the refresh: everything visible in it is in the view
     * @param rowsChanged rows added, removed or replaced; empty if the server does not tell
     * @param downstreamMarked whether the views that stand on this one were marked dirty with it
     * @param finishedAt when the commit of the refresh returned
     */
    record Refreshed(
            Snapshot snapshot,
            Duration duration,
            Optional<Long> rowsChanged,
            boolean downstreamMarked,
            Instant finishedAt)
            implements RefreshOutcome {}

    /**
     * The changes did not alter the view: of all rows that stem from what changed, the view and its definition agree.
     *
     * @param snapshot in which they were compared: everything visible in it is in the view
     */
    record Unchanged(Snapshot snapshot) implements RefreshOutcome {}

    /** A transaction that made the view dirty is in the log but not visible yet: nothing was done, try again soon. */
    record NotVisibleYet(Xid waitingFor) implements RefreshOutcome {}

    /** The refresh did not take place; the view is as it was. */
    record Failed(Failure failure, Duration duration) implements RefreshOutcome {}

    /** The view that was meant no longer exists under its name. */
    record Gone() implements RefreshOutcome {}
}
