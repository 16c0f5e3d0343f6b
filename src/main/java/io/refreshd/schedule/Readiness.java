package io.refreshd.schedule;

import io.refreshd.report.Lateness;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Judges whether a view, and with it its group, may be refreshed now, and if not, what delays it. */
final class Readiness {
    private final ViewRegistry views;
    private Set<ViewState> onSuspended = Set.of();
    private Set<ViewState> onDirty = Set.of();

    Readiness(ViewRegistry views) {
        this.views = views;
    }

    /**
     * Finds out which views stand on suspended or dirty ones. To be called when an event has changed the views, before anything is asked.
     * To look down from each view instead would take the square of the depth of a stack, and anybody may stack views.
     */
    void assess() {
        onSuspended = views.standingOn(Readiness::blocks);
        onDirty = views.standingOn(ViewState::dirty);
    }

    private static boolean blocks(ViewState upstream) {
        return upstream.suspended() && !upstream.paused;
    }

    /** Whether a change is known that the view lacks, be it one that its upstream views lack too. */
    boolean stale(ViewState view) {
        return view.dirty() || onDirty.contains(view);
    }

    /** Whether the view is due and nothing but a free slot and its upstream views is missing. */
    boolean ready(ViewState view, long now) {
        return mayRun(view, now) && !views.isRunning(view.group) && view.group.readyAt(now) - now <= 0;
    }

    /** Whether time alone will make the view ready. */
    boolean mayRun(ViewState view, long now) {
        ViewGroup group = view.group;
        if (!group.wantsRefresh() || group.stopped() || group.awaitsLog(now)) {
            return false;
        }
        return group.requested() || !(group.paused() || blocked(group));
    }

    private boolean blocked(ViewGroup group) {
        return !group.any(view -> view.wantsRefresh() && !blocked(view));
    }

    /** Whether the view would have to be refreshed from an upstream view that is suspended. */
    boolean blocked(ViewState view) {
        return view.dirty() && onSuspended.contains(view);
    }

    /** The nearest suspended view that the view depends on, if there is one. */
    Optional<ViewState> suspendedUpstream(ViewState view) {
        return onSuspended.contains(view)
                ? views.withUpstream(view).stream()
                        .filter(upstream -> upstream != view && blocks(upstream))
                        .findFirst()
                : Optional.empty();
    }

    /**
     * The view whose window is waited for before what this view lacks can come: itself, or an upstream view if nothing else is missing;
     * empty: no window is.
     */
    Optional<ViewState> waitsForWindowOf(ViewState view, long now) {
        if (!views.hasWindows() || !stale(view)) {
            return Optional.empty();
        }
        return view.dirty()
                ? Optional.of(view).filter(one -> one.group.opensAt(now).isPresent())
                : views.withUpstream(view).stream()
                        .filter(ViewState::dirty)
                        .findFirst()
                        .filter(one -> one.group.opensAt(now).isPresent());
    }

    /** Whether an upstream view is being refreshed. A refresh that runs at the same time could miss what that one brings. */
    boolean upstreamRuns(ViewState view) {
        return view.group.any(member -> member.spec.upstream().stream().anyMatch(views::isRunning));
    }

    /** A view waits for an upstream view that is being refreshed, or that is ready and was due first. */
    boolean waitsForUpstream(ViewState view, long now) {
        return upstreamRuns(view)
                || views.upstream(view.group)
                        .anyMatch(upstream ->
                                ready(upstream, now) && upstream.group.dueAt(now) - view.group.dueAt(now) <= 0);
    }

    /** What delays the pending changes of the view; null: only its own due time, or nothing is pending. */
    @Nullable Lateness delayedBy(ViewState view, long now) {
        if (!view.pending.isPresent()) {
            return null;
        } else if (view.paused) {
            return Lateness.PAUSED;
        } else if (view.suspended()) {
            return Lateness.SUSPENDED;
        } else if (views.isRunning(view.id())) {
            return Lateness.PREVIOUS;
        } else if (blocked(view)) {
            return Lateness.UPSTREAM;
        } else if (view.group.retry.delaysRetry(now)) {
            return view.group.retry instanceof RetryState.AwaitingVisibility ? Lateness.VISIBILITY : Lateness.BACKOFF;
        } else if (!ready(view, now)) {
            // A window that is closed delays nothing: so it is wanted.
            return null;
        }
        return waitsForUpstream(view, now) ? Lateness.UPSTREAM : Lateness.SLOT;
    }
}
