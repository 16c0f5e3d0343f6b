package io.refreshd.schedule;

import java.util.List;
import java.util.Optional;
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
        return views.downstream(view.id()).isEmpty()
                ? List.of()
                : downstreamInTurn(view, now).toList();
    }

    boolean mustWait(ViewState view, long now) {
        boolean forUpstream = hasTurn(view, now) ? readiness.upstreamRuns(view) : readiness.waitsForUpstream(view, now);
        return forUpstream || downstreamInTurn(view, now).anyMatch(downstream -> delays(view, downstream, now));
    }

    private Stream<ViewState> downstreamInTurn(ViewState view, long now) {
        return views.downstream(view.id()).stream()
                .sorted()
                .flatMap(id -> Optional.ofNullable(views.get(id)).stream())
                .filter(downstream -> readiness.ready(downstream, now) && hasTurn(downstream, now));
    }

    private static boolean hasTurn(ViewState view, long now) {
        return !view.spec.upstream().isEmpty() && view.lateAt() - now <= 0;
    }

    /**
     * Whether a refresh that starts now would delay the downstream view, which waits for nothing but upstream refreshes that run.
     * One that is expected to end before those does not.
     */
    private boolean delays(ViewState view, ViewState downstream, long now) {
        if (!places.hasPlaceFor(downstream, now)) {
            return false;
        }
        return views.running().stream()
                .filter(running ->
                        downstream.spec.upstream().contains(running.task().view()))
                .mapToLong(running -> running.startedAt() + running.expected() - now)
                .max()
                .stream()
                .anyMatch(left -> !view.durationKnown() || view.expected() > left);
    }
}
