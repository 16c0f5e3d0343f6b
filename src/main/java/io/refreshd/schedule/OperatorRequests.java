package io.refreshd.schedule;

import io.refreshd.model.FullRecompute;
import io.refreshd.model.Moment;
import io.refreshd.model.ViewId;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Carries out what operators and readers ask for: refresh now, expedite, pause, resume. Unknown views are ignored. What is asked for one
 * view of a group holds for all of them.
 */
final class OperatorRequests {
    private final ViewRegistry views;
    private final ActionBuffer actions;

    OperatorRequests(ViewRegistry views, ActionBuffer actions) {
        this.views = views;
        this.actions = actions;
    }

    /** Overrides a pause, a retry that waits and a suspension, but not an obstacle in the catalog. */
    void refresh(Set<ViewId> ids, Moment now) {
        ids.forEach(id -> with(id, view -> {
            request(view, now);
            retryNow(view);
        }));
    }

    /** Overrides the quiet period. Pauses, backoff and suspensions go on. */
    void expedite(Set<Long> oids, Moment now) {
        views.all().stream().filter(view -> oids.contains(view.spec.oid())).forEach(view -> expedite(view, now));
    }

    /** Upstream views too, since what the view lacks may have to come through them. */
    private void expedite(ViewState view, Moment now) {
        views.withUpstream(view).forEach(one -> with(one.id(), known -> known.pending.expedite(now.nanos())));
    }

    void pause(ViewId id) {
        with(id, view -> setPaused(view.group, true));
    }

    void resume(ViewId id, Moment now) {
        with(id, view -> {
            setPaused(view.group, false);
            if (view.suspended() && view.spec.fullRecompute() == FullRecompute.NEVER) {
                // Otherwise it would be suspended again at once.
                request(view, now);
            }
            retryNow(view);
        });
    }

    private static void request(ViewState view, Moment now) {
        if (!view.requested) {
            view.requested = true;
            view.requestedAt = now.nanos();
        }
    }

    private void retryNow(ViewState view) {
        boolean suspended = view.group.retry.suspension().isPresent();
        view.group.retry = view.group.retry.retryNow();
        if (suspended) {
            view.group.remember().forEach(actions::add);
        }
    }

    private void setPaused(ViewGroup group, boolean paused) {
        group.members().stream().filter(view -> view.paused != paused).forEach(view -> {
            view.paused = paused;
            actions.add(view.remember());
        });
    }

    private void with(ViewId id, Consumer<ViewState> request) {
        ViewState view = views.get(id);
        if (view != null) {
            request.accept(view);
        }
    }
}
