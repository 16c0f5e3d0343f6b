package io.refreshd.schedule;

import io.refreshd.model.Impact;
import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Lsn;
import io.refreshd.model.RefreshOutcome;
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
     * @param altered views whose definition or sources changed: whatever was decided about them before is in doubt
     */
    record ViewsKnown(List<ViewSpec> views, Map<ViewId, LedgerEntry> remembered, Set<ViewId> altered)
            implements Event {}

    /** Changes read from the log affect these views. Answered with an {@link Action.Mark} for those not durably dirty. */
    record Affected(List<Impact> impacts) implements Event {}

    /** Changes of these views may have passed unseen. Answered with an {@link Action.Mark} likewise. */
    record InDoubt(Set<ViewId> views, String reason) implements Event {}

    /** The dirty mark {@code number} of these views is durable in the ledger. */
    record Marked(long number, Set<ViewId> views) implements Event {}

    /** Every transaction that committed at or before {@code position} has been routed and seen to be visible. */
    record RoutedTo(Lsn position) implements Event {}

    record RefreshEnded(ViewId view, RefreshOutcome outcome) implements Event {}

    /** Somebody wants these views refreshed now, dirty or not, without waiting for the quiet period. */
    record RefreshRequested(Set<ViewId> views) implements Event {}

    record PauseRequested(ViewId view) implements Event {}

    record ResumeRequested(ViewId view) implements Event {}

    /** Nothing but time has passed. */
    record Tick() implements Event {}
}
