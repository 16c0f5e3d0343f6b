package io.refreshd.schedule;

import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Moment;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Registers, updates and removes views as the catalog says. */
final class ViewRegistration {
    private final ViewRegistry views;
    private final Watermarks watermarks;
    private final ActionBuffer actions;
    private final ChangeAdmission admission;
    private final WallClock clock;

    ViewRegistration(
            ViewRegistry views,
            Watermarks watermarks,
            ActionBuffer actions,
            ChangeAdmission admission,
            WallClock clock) {
        this.clock = clock;
        this.views = views;
        this.watermarks = watermarks;
        this.actions = actions;
        this.admission = admission;
    }

    void known(Event.ViewsKnown event, Moment now) {
        Map<ViewId, ViewSpec> specs = new HashMap<>();
        event.views().forEach(spec -> specs.put(spec.view(), spec));
        List<ViewId> vanished = views.all().stream()
                .filter(view -> !sameView(view, specs.get(view.id())))
                .map(ViewState::id)
                .toList();
        for (ViewId gone : vanished) {
            views.remove(gone);
            actions.tell(new Notice.ViewGone(gone));
        }
        for (ViewSpec spec : event.views()) {
            ViewState view = views.get(spec.view());
            boolean altered = event.altered().contains(spec.view());
            if (view == null) {
                register(spec, event.remembered(), altered, now);
            } else {
                update(view, spec, altered, now);
            }
        }
        views.link();
        views.all().stream().filter(view -> !view.paused && view.group.paused()).forEach(view -> {
            view.paused = true;
            actions.add(view.remember());
        });
    }

    /** A view of the same name with another oid is another view. */
    private static boolean sameView(ViewState view, @Nullable ViewSpec spec) {
        return spec != null && spec.oid() == view.spec.oid();
    }

    /** A view that is new here may be altered nevertheless: while the daemon was away. */
    private void register(ViewSpec spec, Map<ViewId, LedgerEntry> remembered, boolean altered, Moment now) {
        LedgerEntry entry = remembered.getOrDefault(spec.view(), LedgerEntry.unknown(spec.view()));
        ViewState view = new ViewState(spec, entry, actions.newMark(), now, clock);
        views.put(view);
        if (altered) {
            admission.invalidate(view, now);
            endSuspension(view);
        }
    }

    private void update(ViewState view, ViewSpec spec, boolean altered, Moment now) {
        boolean trackedAgain = view.spec.missesChanges() && !spec.missesChanges();
        boolean obstacleGone =
                view.spec.obstacle().isPresent() && spec.obstacle().isEmpty();
        if (altered || trackedAgain) {
            // Changes of a source that was not tracked, or not yet a source, were never routed.
            admission.invalidate(view, now);
        } else {
            watermarks.freeze(view);
        }
        view.spec = spec;
        view.group.retry = view.group.retry.catalogRead(now.nanos());
        if (altered || obstacleGone) {
            endSuspension(view);
        }
    }

    /** The cause of the suspension may be gone with the old definition. */
    private void endSuspension(ViewState view) {
        if (view.group.retry.suspension().isPresent()) {
            view.group.retry = view.group.retry.retryNow();
            view.group.remember().forEach(actions::add);
        }
    }
}
