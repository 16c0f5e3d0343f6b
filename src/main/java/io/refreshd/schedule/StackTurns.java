package io.refreshd.schedule;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Decides between a view and the upstream views that it reads: who goes first.
 *
 * <p>Upstream views go first, so that one refresh of the view brings all that they have got. Once the target lag of the view has
 * passed, the view has its turn: it waits for upstream refreshes that run, and none starts before it. So upstream views that are
 * always due cannot keep it waiting.
 */
final class StackTurns {
    private final ViewRegistry views;
    private final Readiness readiness;
    private final Places places;
    private final Set<ViewState> givingWay = new HashSet<>();

    StackTurns(ViewRegistry views, Readiness readiness, Places places) {
        this.views = views;
        this.readiness = readiness;
        this.places = places;
    }

    /** The downstream views that have their turn before this one. */
    List<ViewState> before(ViewState view, long now) {
        return downstreamInTurn(view, now).toList();
    }

    boolean mustWait(ViewState view, long now) {
        boolean forUpstream = hasTurn(view, now) ? readiness.upstreamRuns(view) : readiness.waitsForUpstream(view, now);
        return forUpstream || givingWay.contains(view);
    }

    /**
     * Finds the views that give way: each would delay a downstream view that has its turn, or one that has its turn and gives way likewise.
     * To be called before anything is asked, and whenever a refresh has started. Looks at each view once, however many ways lead to it.
     */
    void assess(long now) {
        givingWay.clear();
        Deque<ViewState> open = new ArrayDeque<>();
        for (RunningRefresh running : views.running()) {
            withGroups(views.downstream(running.task().view()).stream()
                            .flatMap(id -> Optional.ofNullable(views.get(id)).stream()))
                    .filter(downstream -> isInTurnWithPlace(downstream, now))
                    .forEach(downstream -> withGroups(views.upstream(downstream.group))
                            .filter(view -> delays(view, downstream, now) && givingWay.add(view))
                            .forEach(open::add));
        }
        while (!open.isEmpty()) {
            ViewState next = open.remove();
            if (isInTurnWithPlace(next, now)) {
                withGroups(views.upstream(next.group)).filter(givingWay::add).forEach(open::add);
            }
        }
    }

    private static Stream<ViewState> withGroups(Stream<ViewState> some) {
        return some.flatMap(view -> view.group.members().stream()).distinct();
    }

    private boolean isInTurnWithPlace(ViewState view, long now) {
        return isInTurn(view, now) && places.hasPlaceFor(view, now);
    }

    private Stream<ViewState> downstreamInTurn(ViewState view, long now) {
        return views.downstream(view.group).stream().filter(downstream -> isInTurn(downstream, now));
    }

    private boolean isInTurn(ViewState view, long now) {
        return readiness.ready(view, now) && hasTurn(view, now);
    }

    private static boolean hasTurn(ViewState view, long now) {
        return view.group.readsViews() && view.group.lateAt(now) - now <= 0;
    }

    /**
     * Whether a refresh that starts now would delay the downstream view, which waits for upstream refreshes that run and for nothing else.
     * One that is expected to end before those does not.
     */
    private boolean delays(ViewState view, ViewState downstream, long now) {
        return views.running().stream()
                .filter(running -> downstream.group.any(
                        member -> member.spec.upstream().contains(running.task().view())))
                .mapToLong(running -> running.startedAt() + running.expected() - now)
                .max()
                .stream()
                .anyMatch(left -> !view.group.durationKnown() || view.group.expected() > left);
    }
}
