package io.refreshd.schedule;

import io.refreshd.model.Moment;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewPhase;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Starts, after each event, the refreshes that are due and have a place, earliest first; keeps phases and next deadline. */
final class Dispatcher {
    private final ViewRegistry views;
    private final Readiness readiness;
    private final ViewPhases phases;
    private final RefreshTaskFactory tasks;
    private final ActionBuffer actions;
    private final Places places;
    private final StackTurns turns;
    private final SharedRounds rounds;
    private boolean held;
    private OptionalLong nextDeadline = OptionalLong.empty();

    Dispatcher(
            ViewRegistry views,
            Readiness readiness,
            ViewPhases phases,
            RefreshTaskFactory tasks,
            ActionBuffer actions,
            int maxConcurrent,
            Predicate<ViewId> frozen) {
        this.views = views;
        this.readiness = readiness;
        this.phases = phases;
        this.tasks = tasks;
        this.actions = actions;
        this.places = new Places(views, maxConcurrent, frozen);
        this.turns = new StackTurns(views, readiness, places);
        this.rounds = new SharedRounds(views, readiness, turns, tasks, frozen);
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

    void dispatch(Moment now) {
        Optional<Set<ViewState>> some = views.takeToReconsider();
        readiness.assess();
        boolean deadlineReached = nextDeadline.isPresent() && nextDeadline.getAsLong() - now.nanos() <= 0;
        if (some.isPresent()
                && !deadlineReached
                && some.get().stream().noneMatch(view -> readiness.ready(view, now.nanos()))) {
            // Nothing can start. A deadline that was only postponed stays: it costs one vain tick.
            some.get().forEach(view -> review(view, now.nanos()));
            return;
        }
        startDue(now);
        nextDeadline = OptionalLong.empty();
        views.all().forEach(view -> review(view, now.nanos()));
    }

    private void startDue(Moment now) {
        if (held || !places.anyFree()) {
            return;
        }
        places.assess(now.nanos());
        List<ViewState> ready = new ArrayList<>();
        for (ViewState view : views.all()) {
            if (!view.quiescent() && readiness.ready(view, now.nanos())) {
                ready.add(view);
            }
        }
        turns.assess(now.nanos());
        Set<ViewState> seen = new HashSet<>();
        boolean started = true;
        while (started && places.anyFree()) {
            started = startFirst(ready, seen, now);
        }
    }

    /** Starts the first in order that need not wait. Its owner has had a turn then, so the next one is found by another order. */
    private boolean startFirst(List<ViewState> ready, Set<ViewState> seen, Moment now) {
        int running = views.runningCount();
        for (ViewState view : places.inOrder(ready, now.nanos())) {
            startInTurn(view, seen, now);
            if (views.runningCount() > running) {
                return true;
            }
        }
        return false;
    }

    /**
     * Starts the view, unless it has to wait; before it those that stand on it and have waited for long enough. Nothing recurses: whoever
     * may create views decides how deep a stack is.
     *
     * @param seen those that were looked at as what stands on a view; each is once
     */
    private void startInTurn(ViewState first, Set<ViewState> seen, Moment now) {
        Deque<ViewState> open = new ArrayDeque<>(List.of(first));
        while (!open.isEmpty() && places.anyFree()) {
            List<ViewState> before = turns.before(open.element(), now.nanos()).stream()
                    .filter(seen::add)
                    .toList();
            if (before.isEmpty()) {
                startUnlessItWaits(open.pop(), now);
            } else {
                before.reversed().forEach(open::push);
            }
        }
    }

    private void startUnlessItWaits(ViewState view, Moment now) {
        if (!views.isRunning(view.group)
                && places.hasPlaceFor(view, now.nanos())
                && !turns.mustWait(view, now.nanos())
                && !rounds.mustWait(view, now.nanos())) {
            List<ViewState> members =
                    view.incremental() ? rounds.membersWith(view, now.nanos()) : view.group.startingWith(view);
            if (members.size() == 1) {
                actions.add(new Action.Start(start(view, Set.of(), now, false)));
            } else {
                Set<ViewId> together = members.stream().map(ViewState::id).collect(Collectors.toSet());
                actions.add(new Action.StartRound(members.stream()
                        .map(member -> start(member, together, now, !member.equals(view)))
                        .toList()));
            }
        }
    }

    /** @param together the views that are brought up to date together; none if it is one alone */
    private RefreshTask start(ViewState view, Set<ViewId> together, Moment now, boolean joined) {
        PendingChanges changes = view.pending;
        changes.delays().enter(null, now.nanos());
        RefreshTask task = tasks.create(view, together, now.nanos()).within(places.timeLimit(view, now.nanos()));
        // Zero stands for a duration that is not known.
        long expected = view.group.durationKnown() ? Math.max(1, view.group.expected()) : 0;
        RunningRefresh running = new RunningRefresh(
                task,
                changes,
                now.nanos(),
                now.wall(),
                expected,
                view.requested,
                view.incremental() && !together.isEmpty(),
                joined);
        view.pending = view.noChanges();
        view.requested = false;
        view.running = running;
        view.starts++;
        if (task.refreshesAll() || !task.basis().clock().isEmpty()) {
            view.lastBegan = now.nanos();
        }
        views.refreshStarted(running);
        if (!joined) {
            places.taken(view, running);
        }
        turns.assess(now.nanos());
        return task;
    }

    private void review(ViewState view, long now) {
        if (!view.quiescent()) {
            view.pending.delays().enter(readiness.delayedBy(view, now), now);
            if (view.calendar.hasChanged(view.spec.timing(), now)) {
                actions.add(view.remember());
            }
            setDeadline(view, now);
            setPhase(view, now);
        }
    }

    /**
     * The next time that may change a decision about the view. A time that has passed is no deadline: a view that is ready and did
     * not start waits for a refresh to end, or until it is so late that it need not wait any longer.
     */
    private void setDeadline(ViewState view, long now) {
        view.calendar.looksAgainAt(view.spec.timing(), now).ifPresent(at -> addDeadline(at, now));
        if (!readiness.mayRun(view, now) || views.isRunning(view.group)) {
            view.awaitsLogUntil().ifPresent(at -> addDeadline(at, now));
            return;
        }
        addDeadline(view.group.readyAt(now), now);
        rounds.waitsUntil(view, now).ifPresent(at -> addDeadline(at, now));
        if (view.group.readyAt(now) - now <= 0 && places.anyFree()) {
            if (places.isLong(view)) {
                view.group.latestStart().ifPresent(at -> addDeadline(at, now));
            }
            if (view.group.readsViews()) {
                addDeadline(view.group.lateAt(now), now);
            }
        }
    }

    private void addDeadline(long at, long now) {
        if (at - now > 0 && (nextDeadline.isEmpty() || at - nextDeadline.getAsLong() < 0)) {
            nextDeadline = OptionalLong.of(at);
        }
    }

    /** The one place where a view changes its phase. */
    private void setPhase(ViewState view, long now) {
        ViewPhase from = view.phase;
        ViewPhase to = phases.phase(view, now);
        if (from != to) {
            view.phase = to;
            actions.tell(new Notice.PhaseChanged(view.id(), from, to, phases.reason(view, to, now)));
        }
    }
}
