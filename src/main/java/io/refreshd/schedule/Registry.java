package io.refreshd.schedule;

import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Moment;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Keeps the set of views in step with the catalog. */
final class Registry {
    private final Views views;
    private final Actions out;
    private final Admission admission;

    Registry(Views views, Actions out, Admission admission) {
        this.views = views;
        this.out = out;
        this.admission = admission;
    }

    void known(Event.ViewsKnown event, Moment now) {
        Map<ViewId, ViewSpec> specs = new HashMap<>();
        event.views().forEach(spec -> specs.put(spec.view(), spec));
        List<ViewId> vanished = views.all().stream()
                .filter(view -> !same(view, specs.get(view.id())))
                .map(TrackedView::id)
                .toList();
        for (ViewId gone : vanished) {
            views.remove(gone);
            out.tell(new Notice.ViewGone(gone));
        }
        for (ViewSpec spec : event.views()) {
            TrackedView view = views.get(spec.view());
            boolean altered = event.altered().contains(spec.view());
            if (view == null) {
                appear(spec, event.remembered(), altered, now);
            } else {
                update(view, spec, altered, now);
            }
        }
        views.link();
    }

    /** A view of the same name with another oid is another view. */
    private static boolean same(TrackedView view, @Nullable ViewSpec spec) {
        return spec != null && spec.oid() == view.spec.oid();
    }

    /** A view may have been altered while the daemon was away. */
    private void appear(ViewSpec spec, Map<ViewId, LedgerEntry> remembered, boolean altered, Moment now) {
        LedgerEntry entry = remembered.getOrDefault(spec.view(), LedgerEntry.unknown(spec.view()));
        TrackedView view = new TrackedView(spec, entry, out.newMark(), now);
        views.put(view);
        if (altered) {
            admission.invalidate(view, now);
            pickUp(view);
        }
    }

    private void update(TrackedView view, ViewSpec spec, boolean altered, Moment now) {
        boolean sightRegained =
                view.spec.untracked().isPresent() && spec.untracked().isEmpty();
        boolean obstacleGone =
                view.spec.obstacle().isPresent() && spec.obstacle().isEmpty();
        if (altered || sightRegained) {
            // What changed while the log did not show it was never routed.
            admission.invalidate(view, now);
        } else {
            views.keepClaim(view);
        }
        view.spec = spec;
        if (altered || obstacleGone) {
            pickUp(view);
        }
    }

    private void pickUp(TrackedView view) {
        if (view.health instanceof Health.Suspended) {
            view.health = view.health.hurried();
            out.add(view.remember());
        }
    }
}
