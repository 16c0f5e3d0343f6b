package io.refreshd.schedule;

import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Decides which incremental views are brought up to date together, in one round, so that they agree afterwards.
 *
 * <p>A round takes along every view whose rows to recompute are known and that is due, or will be in a moment. A view that is recomputed as
 * a whole has a round of its own: it may take a thousand times as long, and the others would wait for it. So has a view that was in
 * trouble, or may have to wait for somebody's lock.
 *
 * <p>It also takes along whatever stands on one of these views, or is to be refreshed together with it, whether or not anything is pending
 * for it: only in one transaction do the two agree. What cannot be taken along finds the changed rows later, in the ledger.
 *
 * <p>One such round runs at a time: what falls due meanwhile goes together when it ends. If it takes long, the others do not wait.
 */
final class SharedRounds {
    /** What is due so soon is taken along: it costs no more now than then, and the views agree for longer. */
    private static final long SOON = 100_000_000;
    /** For so long views wait for the round that runs. */
    private static final long LONGEST_WAIT = 1_000_000_000;

    private final ViewRegistry views;
    private final Readiness readiness;
    private final StackTurns turns;
    private final RefreshTaskFactory tasks;
    private final Predicate<ViewId> frozen;

    /** @param frozen whether somebody alters or locks what the view reads, so that its refresh may wait for a lock */
    SharedRounds(
            ViewRegistry views,
            Readiness readiness,
            StackTurns turns,
            RefreshTaskFactory tasks,
            Predicate<ViewId> frozen) {
        this.views = views;
        this.readiness = readiness;
        this.turns = turns;
        this.tasks = tasks;
        this.frozen = frozen;
    }

    /** The views that are brought up to date with this one, which is ready; itself first. */
    List<ViewState> membersWith(ViewState view, long now) {
        if (!mayShare(view, now)) {
            return List.of(view);
        }
        List<ViewState> members = new ArrayList<>(List.of(view));
        for (ViewState other : views.all()) {
            if (!other.equals(view) && mayShare(other, now) && isReadySoon(other, now)) {
                members.add(other);
            }
        }
        addCompanions(members, now);
        return members;
    }

    /** Adds the views that stand on the members, level by level, and those that the configuration names together with one. */
    private void addCompanions(List<ViewState> members, long now) {
        for (int next = 0; next < members.size(); next++) {
            ViewState member = members.get(next);
            Stream.concat(views.downstream(member.id()).stream(), member.spec.together().stream())
                    .sorted()
                    .flatMap(id -> Optional.ofNullable(views.get(id)).stream())
                    .filter(reader -> !members.contains(reader) && mayAccompany(reader, now))
                    .forEach(members::add);
        }
    }

    private boolean mayAccompany(ViewState view, long now) {
        return view.incremental()
                && view.spec.followsRows()
                && isWell(view)
                && !view.paused
                && !view.stopped()
                && view.opensAt(now).isEmpty()
                && !view.group.retry.delaysRetry(now)
                && !view.awaitsLog(now)
                && !frozen.test(view.id())
                && !views.isRunning(view.id())
                && !readiness.upstreamRuns(view)
                && !readiness.blocked(view)
                && !tasks.refreshesAll(view, now);
    }

    /** Whether the view waits for the round that runs, to have its turn together with others. */
    boolean mustWait(ViewState view, long now) {
        OptionalLong until = waitsUntil(view, now);
        return until.isPresent() && until.getAsLong() - now > 0;
    }

    /** For how long the view waits at most; empty: it need not wait. */
    OptionalLong waitsUntil(ViewState view, long now) {
        OptionalLong began = mayShare(view, now) ? views.sharedRound() : OptionalLong.empty();
        return began.isEmpty() ? began : OptionalLong.of(began.getAsLong() + LONGEST_WAIT);
    }

    /** A view that stands on this one and has its turn goes first, as it would if this one started alone. */
    private boolean isReadySoon(ViewState view, long now) {
        return readiness.mayRun(view, now)
                && !views.isRunning(view.id())
                && view.group.readyAt(now) - now <= SOON
                && view.opensAt(now).isEmpty()
                && turns.before(view, now).isEmpty()
                && !turns.mustWait(view, now);
    }

    private boolean mayShare(ViewState view, long now) {
        return view.incremental()
                && view.pending.isPresent()
                && view.spec.followsRows()
                && isWell(view)
                && !frozen.test(view.id())
                && !tasks.refreshesAll(view, now);
    }

    /** A view that waited for a transaction to be visible does not hold up a round. */
    private static boolean isWell(ViewState view) {
        return view.group.retry instanceof RetryState.Healthy
                || (view.group.retry instanceof RetryState.AwaitingVisibility && view.group.retry.failures() == 0);
    }
}
