package io.refreshd.model;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/** How a refresh ended. A refresh that fails is an outcome too; the refresher throws only if the program itself is at fault. */
public sealed interface RefreshOutcome {

    /**
     * The view was refreshed, and the commit is durable.
     *
     * @param snapshot the snapshot taken before the refresh: everything visible in it is in the view
     * @param rowsChanged how many rows were added, removed or replaced; empty if the server does not count
     * @param downstreamMarked whether the materialized views that read this one were marked dirty in the same transaction
     * @param finishedAt when the commit of the refresh returned
     * @param recomputed what a round of an incremental view has recomputed; empty for a REFRESH
     * @param carried the views that were brought up to date with this one, in the same transaction; those that do not read it may be among
     *     them
     */
    record Refreshed(
            Snapshot snapshot,
            Duration duration,
            Optional<Long> rowsChanged,
            boolean downstreamMarked,
            Instant finishedAt,
            Optional<Recomputed> recomputed,
            Set<ViewId> carried)
            implements RefreshOutcome {
        public Refreshed {
            carried = Set.copyOf(carried);
        }

        /** Of a REFRESH. */
        public Refreshed(
                Snapshot snapshot,
                Duration duration,
                Optional<Long> rowsChanged,
                boolean downstreamMarked,
                Instant finishedAt) {
            this(snapshot, duration, rowsChanged, downstreamMarked, finishedAt, Optional.empty(), Set.of());
        }
    }

    /**
     * The view was not refreshed, since the changes did not alter it: all rows that stem from changed rows agree with the view's
     * definition.
     *
     * @param snapshot the snapshot in which they were compared: everything visible in it is in the view
     */
    record Unchanged(Snapshot snapshot) implements RefreshOutcome {}

    /** Nothing was done: a transaction that the refresh must see is in the log, but not visible yet. To be tried again soon. */
    record NotVisibleYet(Xid waitingFor) implements RefreshOutcome {}

    /**
     * Nothing was done: the view, or something that it reads, was altered since the catalog was read, perhaps for a moment only. To be tried
     * again soon.
     */
    record Altered() implements RefreshOutcome {}

    /** The refresh failed; the view is as it was. */
    record Failed(Failure failure, Duration duration) implements RefreshOutcome {}

    /**
     * The refresh of another view of its group failed, so this view is as it was too. The other one has the outcome {@link Failed}.
     *
     * @param failure of the group's refresh, in words that name that view
     */
    record FailedTogether(Failure failure) implements RefreshOutcome {}

    /**
     * Nothing was done in a round of several views: all rows of this one have to be recomputed, which would delay the others.
     *
     * @param why all rows have to be, in words for people
     */
    record NeedsAllRows(String why) implements RefreshOutcome {}

    /**
     * Nothing was done, for another view: in a round of several views nothing was pending and no row changed that it reads, or a view that
     * it reads could not be brought up to date; or the refresh of its group could not begin.
     */
    record Deferred() implements RefreshOutcome {}

    /** Nothing was done: the REFRESH took longer than the time limit of its task. */
    record OutOfTime(Duration duration) implements RefreshOutcome {}

    /** Nothing was done: the view no longer exists under its name. */
    record Gone() implements RefreshOutcome {}
}
