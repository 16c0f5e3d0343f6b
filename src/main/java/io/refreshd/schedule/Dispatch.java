package io.refreshd.schedule;

import io.refreshd.model.KeyProbe;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshTask;
import io.refreshd.report.Lateness;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewPhase;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** After each event: starts what is due and has a slot, in the order of due times, and says when to look again. */
final class Dispatch {
    private final Views views;
    private final Actions out;
    private final int maxConcurrent;
    private boolean held;
    private OptionalLong nextDeadline = OptionalLong.empty();

    Dispatch(Views views, Actions out, int maxConcurrent) {
        this.views = views;
        this.out = out;
        this.maxConcurrent = maxConcurrent;
    }

    OptionalLong nextDeadline() {
        return nextDeadline;
    }

    void hold() {
        held = true;
    }

    void release() {
        held = false;
    }

    void run(Moment now) {
        Optional<Set<TrackedView>> touched = views.touched();
        boolean timeIsUp = nextDeadline.isPresent() && nextDeadline.getAsLong() - now.nanos() <= 0;
        if (touched.isPresent()
                && !timeIsUp
                && touched.get().stream().noneMatch(view -> views.ready(view, now.nanos()))) {
            // A deadline that has moved away meanwhile is one look too many, and no more.
            touched.get().forEach(view -> look(view, now.nanos()));
            return;
        }
        startWhatIsDue(now);
        nextDeadline = OptionalLong.empty();
        views.all().forEach(view -> look(view, now.nanos()));
    }

    private void look(TrackedView view, long now) {
        if (!view.rests()) {
            view.waiting.delays().enter(heldUpBy(view, now), now);
            lookAgain(view, now);
            transition(view, now);
        }
    }

    private void startWhatIsDue(Moment now) {
        if (held || views.runningCount() >= maxConcurrent) {
            return;
        }
        List<TrackedView> ready = new ArrayList<>();
        for (TrackedView view : views.all()) {
            if (!view.rests() && views.ready(view, now.nanos())) {
                ready.add(view);
            }
        }
        ready.sort(Comparator.comparingLong(view -> view.due() - now.nanos()));
        for (TrackedView view : ready) {
            if (views.runningCount() >= maxConcurrent) {
                return;
            }
            if (!views.waitsForUpstream(view, now.nanos())) {
                start(view, now);
            }
        }
    }

    private void start(TrackedView view, Moment now) {
        Needs needs = view.waiting;
        needs.delays().enter(null, now.nanos());
        RefreshTask task = new RefreshTask(
                view.id(),
                view.spec.oid(),
                view.spec.method(),
                needs.xids(),
                Math.max(view.covered, needs.number()),
                views.provable(view),
                views.downstream(view.id()),
                out.newMark(),
                needs.oldestCommit(),
                probes(view, now.nanos()));
        Running running = new Running(task, needs, now.nanos(), now.wall(), view.expected, view.requested);
        view.waiting = new Needs();
        view.requested = false;
        view.running = running;
        view.starts++;
        if (task.probes().isEmpty()) {
            view.lastBegan = now.nanos();
        }
        views.started(running);
        out.add(new Action.Start(task));
    }

    /**
     * A wish or a timer that has run out is for a refresh, and a view with a blind spot may differ in what no change tells of.
     * While the log is far behind a look-up would only wait for it, in the place of a view that could be refreshed. And if the
     * refresh before may have taken place unheard, "nothing differs" would hide from what stands on the view that it changed then.
     */
    private List<KeyProbe> probes(TrackedView view, long now) {
        boolean provable = !view.requested
                && !view.downstreamInvalid
                && !views.logIsBehind()
                && !view.timedOut(now)
                && view.spec.untracked().isEmpty();
        return provable ? view.waiting.probes() : List.of();
    }

    /** A time that has passed is no deadline: what is ready and did not start waits for a refresh to end. */
    private void lookAgain(TrackedView view, long now) {
        if (!views.mayRun(view) || views.isRunning(view.id())) {
            return;
        }
        long at = view.readyAt(now);
        if (at - now > 0 && (nextDeadline.isEmpty() || at - nextDeadline.getAsLong() < 0)) {
            nextDeadline = OptionalLong.of(at);
        }
    }

    private @Nullable Lateness heldUpBy(TrackedView view, long now) {
        if (!view.waiting.present()) {
            return null;
        } else if (view.paused) {
            return Lateness.PAUSED;
        } else if (view.suspended()) {
            return Lateness.SUSPENDED;
        } else if (views.isRunning(view.id())) {
            return Lateness.PREVIOUS;
        } else if (views.blocked(view)) {
            return Lateness.UPSTREAM;
        } else if (view.health.holdsBack(now)) {
            return view.health instanceof Health.Unseen ? Lateness.VISIBILITY : Lateness.BACKOFF;
        } else if (!views.ready(view, now)) {
            return null;
        }
        return views.waitsForUpstream(view, now) ? Lateness.UPSTREAM : Lateness.SLOT;
    }

    /** The one place where a view changes its phase. */
    private void transition(TrackedView view, long now) {
        ViewPhase from = view.phase;
        ViewPhase to = views.phase(view, now);
        if (from != to) {
            view.phase = to;
            out.tell(new Notice.PhaseChanged(view.id(), from, to, views.reason(view, to)));
        }
    }
}
