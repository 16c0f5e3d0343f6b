package io.refreshd.schedule;

import io.refreshd.model.Impact;
import io.refreshd.model.Moment;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** Takes in what the log says: which views need a refresh, and which of these needs are already safe in the ledger. */
final class Admission {
    private final Views views;
    private final Actions out;

    Admission(Views views, Actions out) {
        this.views = views;
        this.out = out;
    }

    void affected(Event.Affected event, Moment now) {
        List<ViewId> coalesced = new ArrayList<>();
        event.impacts().forEach(impact -> affected(impact, now, coalesced));
        List<ViewId> skipped = new ArrayList<>();
        for (Event.Skipped candidate : event.skipped()) {
            TrackedView view = views.get(candidate.otherwise().view());
            if (view != null && view.restsWithAllItNeeds() && view.starts == candidate.resting()) {
                skipped.add(view.id());
            } else {
                affected(candidate.otherwise(), now, coalesced);
            }
        }
        tell(coalesced, Notice.Avoided.COALESCED);
        tell(skipped, Notice.Avoided.DISCRIMINATOR);
    }

    private void tell(List<ViewId> avoided, Notice.Avoided reason) {
        if (!avoided.isEmpty()) {
            out.tell(new Notice.RefreshAvoided(avoided, reason));
        }
    }

    private void affected(Impact impact, Moment now, List<ViewId> coalesced) {
        TrackedView view = views.get(impact.view());
        if (view != null) {
            affected(view, impact, now, coalesced);
        }
    }

    private void affected(TrackedView view, Impact impact, Moment now, List<ViewId> coalesced) {
        boolean held = !impact.xids().isEmpty()
                && view.seen.isPresent()
                && impact.xids().areSeenBy(view.seen.get());
        if (held || view.waiting.present()) {
            coalesced.add(view.id());
        }
        if (held) {
            return;
        }
        views.touch(view);
        views.keepClaim(view);
        view.waiting.add(impact, now);
        markUnlessDurable(view);
    }

    /** Neither what was claimed nor what was seen counts any more: both may stem from another timeline. */
    void invalidate(TrackedView view, Moment now) {
        view.claimed = Optional.empty();
        view.seen = Optional.empty();
        view.waiting.addDoubt(now);
        markUnlessDurable(view);
    }

    private void markUnlessDurable(TrackedView view) {
        if (!view.durablyDirty()) {
            out.mark(view);
        }
    }

    void marked(long number, Collection<ViewId> ids, Moment now) {
        for (ViewId id : ids) {
            TrackedView view = views.get(id);
            if (view == null) {
                continue;
            }
            if (number > view.newest) {
                // Asked for on behalf of a view of this name that was dropped and made anew: the ledger says dirty.
                views.touch(view);
                views.keepClaim(view);
                view.waiting.addUnknown(now);
                view.waiting.number(number);
                view.newest = number;
            }
            view.durable = Math.max(view.durable, number);
        }
    }

    void visible(Snapshot snapshot) {
        for (TrackedView view : views.all()) {
            if (!view.waiting.waitsForVisibility()) {
                continue;
            }
            if (view.running != null) {
                view.waiting.forgetVisibleBeyondLimit(snapshot);
                continue;
            }
            view.waiting.forgetVisible(snapshot);
            if (!view.waiting.waitsForVisibility() && view.health instanceof Health.Unseen unseen) {
                view.health = unseen.visible();
                views.touch(view);
            }
        }
    }
}
