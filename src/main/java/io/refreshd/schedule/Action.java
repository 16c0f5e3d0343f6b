package io.refreshd.schedule;

import io.refreshd.model.KeyProbe;
import io.refreshd.model.Lsn;
import io.refreshd.model.Obstacle;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What the scheduler wants done. */
public sealed interface Action {

    /** Write to the ledger that these views are dirty, then say {@link Event.Marked}. Whoever asked carries it out. */
    record Mark(long number, Set<ViewId> views) implements Action {}

    /** Carry out a refresh, then say {@link Event.RefreshEnded}. Never two at once for a view. */
    record Start(RefreshTask task) implements Action {}

    /**
     * Write to the ledger that a finished refresh covers dirty marks up to {@code number} after all: changes that were
     * marked while it ran turned out to be visible in its snapshot.
     */
    record Settle(ViewId view, long oid, long number, Optional<Lsn> watermark) implements Action {}

    /** Write to the ledger what a refresh that failed, or an operator, decided about a view. */
    record Remember(ViewId view, int failures, boolean paused, Optional<Obstacle> suspended) implements Action {}

    /**
     * Tell the refresh of this view, which asked, what changed since it began.
     *
     * @param probes to be looked up as well; empty if that is no use
     */
    record Later(ViewId view, Optional<List<KeyProbe>> probes) implements Action {}

    record Tell(Notice notice) implements Action {}
}
