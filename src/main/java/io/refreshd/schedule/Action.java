package io.refreshd.schedule;

import io.refreshd.model.KeyLookup;
import io.refreshd.model.Lsn;
import io.refreshd.model.Obstacle;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Output of the scheduler: something that has to be done. */
public sealed interface Action {

    /**
     * Write to the ledger that these views are dirty, then post {@link Event.Marked}. Whoever sent the event carries this action
     * out; the loop carries out all others.
     *
     * @param invalidated those of the views that may lack something that no change in the log tells of: their snapshots do not count
     *     any more, in the ledger either
     */
    record Mark(long number, Set<ViewId> views, Set<ViewId> invalidated) implements Action {}

    /** Carry out a refresh, then post {@link Event.RefreshEnded}. Never two at once for a view. */
    record Start(RefreshTask task) implements Action {}

    /**
     * Bring these views up to date together, then post {@link Event.RefreshEnded} for each of them: incremental views in one round, the
     * others, which are a group, in one refresh. The views wait for nothing that another one of them has to bring. The first has taken a
     * place for all.
     */
    record StartRound(List<RefreshTask> tasks) implements Action {
        public StartRound {
            tasks = List.copyOf(tasks);
        }
    }

    /**
     * Raise the covered mark of a view in the ledger to {@code number}: changes that were marked while its refresh ran turned
     * out to be visible in the snapshot of that refresh.
     */
    record Settle(ViewId view, long oid, long number, Optional<Lsn> watermark) implements Action {}

    /**
     * Write to the ledger what a refresh that failed, an operator or the time of day decided about a view.
     *
     * @param closedUntil until when its window is closed; empty: it is open, or there is none
     */
    record Remember(
            ViewId view, int failures, boolean paused, Optional<Instant> closedUntil, Optional<Obstacle> suspended)
            implements Action {}

    /**
     * Answer the look-up in this view that posted {@link Event.LaterAsked}.
     *
     * @param lookups rows to look up as well; empty: a look-up proves nothing any more, so refresh
     */
    record Later(ViewId view, Optional<List<KeyLookup>> lookups) implements Action {}

    /** Pass the notice to the listener. */
    record Tell(Notice notice) implements Action {}
}
