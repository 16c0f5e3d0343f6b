package io.refreshd.ingest;

import io.refreshd.model.Impact;
import io.refreshd.model.ViewId;
import io.refreshd.refresh.Membership;
import io.refreshd.routing.Routing;
import io.refreshd.schedule.Event;
import io.refreshd.schedule.EventLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Decides which candidate views a batch affects, by asking each whether it shows the rows that changed.
 *
 * <p>Invariant: only a view that is fresh and that nothing refreshes is asked. What another view shows now says nothing about what
 * it will show after the refresh that it waits for, so that view counts as affected.
 */
final class CandidateFilter {
    private final EventLoop loop;
    private final Membership membership;

    CandidateFilter(EventLoop loop, Membership membership) {
        this.loop = loop;
        this.membership = membership;
    }

    Event.Affected affected(Routing routing) throws InterruptedException {
        if (routing.candidates().isEmpty()) {
            return new Event.Affected(routing.impacts());
        }
        Map<ViewId, Long> resting = loop.resting(routing.candidates());
        Set<ViewId> showing = membership.showing(routing.candidates().stream()
                .filter(candidate -> resting.containsKey(candidate.view()))
                .toList());
        List<Impact> impacts = new ArrayList<>(routing.impacts());
        List<Event.Skipped> skipped = new ArrayList<>();
        for (Impact candidate : routing.candidates()) {
            Long since = resting.get(candidate.view());
            if (since == null || showing.contains(candidate.view())) {
                impacts.add(candidate);
            } else {
                skipped.add(new Event.Skipped(candidate, since));
            }
        }
        return new Event.Affected(impacts, skipped);
    }

    /** What membership remembers of the views' queries is of a former catalog. */
    void forget(Map<ViewId, ViewId> stores) {
        membership.forget(stores);
    }
}
