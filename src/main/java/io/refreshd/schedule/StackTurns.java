package io.refreshd.schedule;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
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
        return forUpstream || givesWay(view, now);
    }

    /**
     * Whether the view would delay a downstream view that has its turn, or one that has its turn and gives way likewise. Each view is looked
     * at once, however many ways lead to it.
     */
    private boolean givesWay(ViewState view, long now) {
        Set<ViewState> seen = new HashSet<>();
        Deque<ViewState> open = new ArrayDeque<>(List.of(view));
        while (!open.isEmpty()) {
            ViewState next = open.remove();
            for (ViewState downstream : inTurnWithPlace(next, now)) {
                if (delays(next, downstream, now)) {
                    return true;
                }
                if (seen.add(downstream)) {
                    open.add(downstream);
                }
            }
        }
        return false;
    }

    private List<ViewState> inTurnWithPlace(ViewState view, long now) {
        return downstreamInTurn(view, now)
                .filter(downstream -> places.hasPlaceFor(downstream, now))
                .toList();
    }

    private Stream<ViewState> downstreamInTurn(ViewState view, long now) {
        return views.downstream(view.group).stream()
                .filter(downstream -> readiness.ready(downstream, now) && hasTurn(downstream, now));
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
