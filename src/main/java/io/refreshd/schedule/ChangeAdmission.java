package io.refreshd.schedule;

import io.refreshd.model.Impact;
import io.refreshd.model.Moment;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xids;
import io.refreshd.report.Notice;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Admits changes from the log: adds them to the pending changes of the affected views, unless a view holds them already, and
 * asks for a dirty mark where the ledger does not say "dirty" yet.
 */
final class ChangeAdmission {
    private final ViewRegistry views;
    private final Watermarks watermarks;
    private final ActionBuffer actions;
    /** The first snapshot of this run: what it does not see, no refresh of an earlier run has seen. Null: none is known yet. */
    private @Nullable Snapshot first;

    ChangeAdmission(ViewRegistry views, Watermarks watermarks, ActionBuffer actions) {
        this.views = views;
        this.watermarks = watermarks;
        this.actions = actions;
    }

    void affected(Event.Affected event, Moment now) {
        List<ViewId> coalesced = new ArrayList<>();
        event.impacts().forEach(impact -> affected(impact, now, coalesced));
        List<ViewId> skipped = new ArrayList<>();
        for (Event.Skipped candidate : event.skipped()) {
            ViewState view = views.get(candidate.otherwise().view());
            if (view != null && rests(view, candidate.otherwise()) && view.starts == candidate.resting()) {
                skipped.add(view.id());
            } else {
                affected(candidate.otherwise(), now, coalesced);
            }
        }
        tellAvoided(coalesced, Notice.Avoided.COALESCED);
        tellAvoided(skipped, Notice.Avoided.DISCRIMINATOR);
    }

    /**
     * Whether the rows of the view tell if the change concerns it: it lacks no known change, and is not being refreshed. A round of an
     * earlier run may have changed the rows for this very change, and have ended before the ledger and the views that read this one knew. Such a
     * view counts as affected, so that it has a round, which tells them.
     */
    boolean rests(ViewState view, Impact impact) {
        return view.cleanAndIdle()
                && !(view.incremental() && !views.downstream(view.id()).isEmpty() && mayBeOfEarlierRun(impact.xids()));
    }

    private boolean mayBeOfEarlierRun(Xids xids) {
        return first == null || xids.isEmpty() || xids.unseenBy(first).size() < xids.size();
    }

    private void tellAvoided(List<ViewId> avoided, Notice.Avoided reason) {
        if (!avoided.isEmpty()) {
            actions.tell(new Notice.RefreshAvoided(avoided, reason));
        }
    }

    private void affected(Impact impact, Moment now, List<ViewId> coalesced) {
        ViewState view = views.get(impact.view());
        if (view == null) {
            return;
        }
        boolean held = heldBy(view, impact);
        if (held || view.pending.isPresent()) {
            coalesced.add(view.id());
        }
        if (held) {
            return;
        }
        views.reconsider(view);
        watermarks.freeze(view);
        view.pending.add(impact, now);
        view.group.retry = view.group.retry.sourceChanged(view.spec.timing(), now.nanos());
        markUnlessDurable(view);
    }

    /** Whether the last refresh saw all of the transactions. */
    private static boolean heldBy(ViewState view, Impact impact) {
        return !impact.xids().isEmpty()
                && view.lastSnapshot.isPresent()
                && impact.xids().areSeenBy(view.lastSnapshot.get());
    }

    /**
     * Changes of the view may have been missed. Watermark and snapshot count no more: both may be of another timeline.
     *
     * <p>Invariant: the ledger hears of the invalidation of an incremental view although it may say "dirty" already. A daemon that reads
     * the log again would not find what was missed.
     */
    void invalidate(ViewState view, Moment now) {
        view.lastWatermark = Optional.empty();
        view.lastSnapshot = Optional.empty();
        view.pending.addInvalidation(now);
        view.resumption = Resumption.NONE;
        view.group.retry = view.group.retry.sourceChanged(view.spec.timing(), now.nanos());
        if (view.incremental() || !view.durablyDirty()) {
            actions.markInvalidated(view);
        }
    }

    private void markUnlessDurable(ViewState view) {
        if (!view.durablyDirty()) {
            actions.mark(view);
        }
    }

    /** The mark is in the ledger. */
    void marked(long mark, Collection<ViewId> ids, Moment now) {
        for (ViewId id : ids) {
            ViewState view = views.get(id);
            if (view == null) {
                continue;
            }
            if (mark > view.newestMark) {
                // Asked for on behalf of a view of this name that was dropped and created again: the ledger says
                // "dirty".
                views.reconsider(view);
                watermarks.freeze(view);
                view.pending.addWithoutXid(now);
                view.pending.raiseMark(mark);
                view.newestMark = mark;
            }
            view.durableMark = Math.max(view.durableMark, mark);
        }
    }

    /** What is visible in the snapshot need not be waited for. */
    void visible(Snapshot snapshot) {
        first = first == null ? snapshot : first;
        for (ViewState view : views.all()) {
            if (!view.pending.awaitsVisibility()) {
                continue;
            }
            if (view.running != null) {
                view.pending.forgetVisibleBeyondLimit(snapshot);
                continue;
            }
            view.pending.forgetVisible(snapshot);
            if (!view.group.any(one -> one.pending.awaitsVisibility())
                    && view.group.retry instanceof RetryState.AwaitingVisibility) {
                view.group.retry = view.group.retry.retryNow();
                views.reconsider(view);
            }
        }
    }
}
