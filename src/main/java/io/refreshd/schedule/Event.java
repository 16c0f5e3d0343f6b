package io.refreshd.schedule;

import io.refreshd.model.Impact;
import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Lsn;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What the scheduler can be told. */
public sealed interface Event {

    /**
     * These views exist now, and no others.
     *
     * @param remembered what the ledger knows of views the scheduler has not met yet
     * @param altered views whose definition or sources changed: whatever was decided about them before is in doubt. They are
     *     answered with an {@link Action.Mark} like {@link Invalidated}
     */
    record ViewsKnown(List<ViewSpec> views, Map<ViewId, LedgerEntry> remembered, Set<ViewId> altered)
            implements Event {}

    /**
     * Changes read from the log affect these views. Answered with an {@link Action.Mark} for those not durably dirty.
     *
     * @param spared views that these changes do not affect, unless something has happened to them meanwhile
     */
    record Affected(List<Impact> impacts, List<Skipped> skipped) implements Event {
        public Affected(List<Impact> impacts) {
            this(impacts, List.of());
        }
    }

    /**
     * A view that was asked and does not show the rows that changed. What it shows counts only as long as it stays at rest: a
     * refresh that ran at the same time could bring a row as it was before.
     *
     * @param otherwise what holds if it did not
     * @param resting the answer of {@link Scheduler#resting} before it was asked
     */
    record Skipped(Impact otherwise, long resting) {}

    /**
     * Changes of any view may have passed unseen. Answered with an {@link Action.Mark} likewise. A refresh that starts
     * after this event covers it, so the sender sees to it that what is in doubt is visible by now: for transactions that
     * were read before and are not visible yet (they were routed without these views, or by the old definition) an
     * {@link Affected} with their xids follows. The same holds for the new and the altered views of {@link ViewsKnown}.
     */
    record Invalidated(String reason) implements Event {}

    /** The dirty mark {@code number} of these views is durable in the ledger. */
    record Marked(long number, Set<ViewId> views) implements Event {}

    /**
     * Every transaction that committed at or before {@code position} has been routed and seen to be visible. It follows the
     * {@link Affected} of those transactions. A position before the last one is taken as it is told (another timeline).
     *
     * @param snapshot the one in which they were seen: what is visible in it need not be waited for
     */
    record RoutedTo(Lsn position, Snapshot snapshot) implements Event {}

    /**
     * The log has been routed up to here: the {@link Affected} of whatever committed at or before it came before. Neither need it
     * be visible, nor may it be claimed: the catalog by which it was routed may be an old one, which {@link Invalidated} will say.
     */
    record ReadTo(Lsn position) implements Event {}

    /** A refresh of this view runs and asks what changed until this position. Answered by {@link Action.Later}, in time. */
    record LaterAsked(ViewId view, Lsn position) implements Event {}

    record RefreshEnded(ViewId view, RefreshOutcome outcome) implements Event {}

    /** Somebody wants these views refreshed now, dirty or not, without waiting for the quiet period. */
    record RefreshRequested(Set<ViewId> views) implements Event {}

    /** Somebody waits for the views with these oids: what they lack is brought without waiting for the quiet period. */
    record Expedited(Set<Long> oids) implements Event {}

    /**
     * No refresh starts until {@link Released}: one that did would have to be done again. Needs are taken in meanwhile.
     */
    record Held() implements Event {}

    record Released() implements Event {}

    record PauseRequested(ViewId view) implements Event {}

    record ResumeRequested(ViewId view) implements Event {}

    /** Nothing but time has passed. */
    record Tick() implements Event {}
}
