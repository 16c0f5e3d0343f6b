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

/** Input of the scheduler: something that has happened, or that somebody wants. */
public sealed interface Event {

    /**
     * These views exist now, and no others. Altered views are answered with an {@link Action.Mark} like {@link Invalidated}.
     *
     * @param remembered ledger entries of the views that the scheduler does not know yet
     * @param altered views whose definition or sources changed: watermark and snapshot of them no longer count
     */
    record ViewsKnown(List<ViewSpec> views, Map<ViewId, LedgerEntry> remembered, Set<ViewId> altered)
            implements Event {}

    /**
     * Changes read from the log affect these views. Answered with an {@link Action.Mark} for those not durably dirty.
     *
     * @param skipped views that need no refresh for these changes, as long as nothing else has happened to them
     */
    record Affected(List<Impact> impacts, List<Skipped> skipped) implements Event {
        public Affected(List<Impact> impacts) {
            this(impacts, List.of());
        }
    }

    /**
     * A view that was queried and does not contain the rows that changed, so that it needs no refresh. The scheduler accepts
     * that only if the view was clean and idle throughout: a refresh that ran at the same time could bring a row as it was before.
     *
     * @param otherwise the impact that counts if the scheduler does not accept it
     * @param resting the view's number in {@link Scheduler#resting}, from before the query
     */
    record Skipped(Impact otherwise, long resting) {}

    /**
     * Changes of any view may have been missed. Answered with an {@link Action.Mark} for those not durably dirty.
     *
     * <p>A refresh that starts after this event covers the missed changes. So the sender posts it only when they are visible.
     * Transactions that were read before and are not visible yet, routed without these views or by an old definition, have to
     * follow in an {@link Affected}. The same holds for the new and the altered views of {@link ViewsKnown}.
     */
    record Invalidated(String reason) implements Event {}

    /**
     * Somebody else has refreshed or altered these views, perhaps in an older snapshot than that of their last refresh. Answered with
     * an {@link Action.Mark} for those not durably dirty.
     */
    record RefreshedByOthers(Set<ViewId> views) implements Event {}

    /** The dirty mark {@code number} of these views is durable in the ledger. */
    record Marked(long number, Set<ViewId> views) implements Event {}

    /**
     * Every transaction that committed at or before {@code position} has been routed and seen to be visible: clean views may
     * claim the position as their watermark. Comes after the {@link Affected} of those transactions. A position before the last
     * one is accepted too: it belongs to another timeline.
     *
     * @param read how far this stream has been read and routed, as in {@link ReadTo}. A stream that goes on delivers again what was
     *     routed before, so that this may be behind {@code position}
     * @param snapshot in which they were seen: what is visible in it need not be waited for
     */
    record RoutedTo(Lsn position, Lsn read, Snapshot snapshot) implements Event {
        public RoutedTo(Lsn position, Snapshot snapshot) {
            this(position, position, snapshot);
        }
    }

    /**
     * A stream has begun: whatever committed after {@code from} is delivered, some of it again. Comes after the {@link RoutedTo} of the
     * position that the ledger holds, and before the first {@link Affected} of the stream.
     */
    record StreamBegan(Lsn from) implements Event {}

    /**
     * The watermarks of these views, each with the reason, do not advance with {@link RoutedTo} until another event of this kind
     * leaves them out. Comes before the {@link RoutedTo} of a position that does not hold for them.
     */
    record ClaimsFrozen(Map<ViewId, String> views) implements Event {
        public ClaimsFrozen {
            views = Map.copyOf(views);
        }
    }

    /**
     * The log has been read and routed up to {@code position}: the {@link Affected} of whatever committed at or before it came
     * before. No watermark may claim the position. The transactions need not be visible, and the catalog by which they were
     * routed may be an old one; in that case an {@link Invalidated} follows.
     */
    record ReadTo(Lsn position) implements Event {}

    /**
     * A look-up in this view asks which changes came until {@code position}. Answered by an {@link Action.Later}, with this event
     * or a later one.
     */
    record LaterAsked(ViewId view, Lsn position) implements Event {}

    record RefreshEnded(ViewId view, RefreshOutcome outcome) implements Event {}

    /** An operator wants these views refreshed now, dirty or not, without waiting for the quiet period. */
    record RefreshRequested(Set<ViewId> views) implements Event {}

    /** A reader waits for the views with these oids: those that are dirty are refreshed without waiting for the quiet period. */
    record Expedited(Set<Long> oids) implements Event {}

    /** No refresh starts until {@link Released}: it would have to be done again. Changes are admitted meanwhile. */
    record Held() implements Event {}

    record Released() implements Event {}

    record PauseRequested(ViewId view) implements Event {}

    record ResumeRequested(ViewId view) implements Event {}

    /** Nothing but time has passed. */
    record Tick() implements Event {}
}
