package io.refreshd.cli;

import io.refreshd.model.ViewId;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** What a decision about a view means for the views that stand on it: a refresh that changes it refreshes them. Pure. */
final class StackedDecisions {
    private StackedDecisions() {}

    /** @param decisions about the views that read the table @return these, and those about all that stands on them */
    static List<RowDecision> with(
            Collection<RowDecision> decisions, Function<ViewId, ? extends Collection<ViewId>> downstream) {
        Map<ViewId, RowDecision> all = new LinkedHashMap<>();
        decisions.forEach(decision -> all.put(decision.view(), decision));
        Deque<RowDecision> open = new ArrayDeque<>(decisions);
        while (!open.isEmpty()) {
            RowDecision below = open.remove();
            for (ViewId view : downstream.apply(below.view())) {
                RowDecision known = all.get(view);
                if (known == null || (below.refreshed() && !known.refreshed())) {
                    RowDecision decision = new RowDecision(
                            view,
                            below.refreshed(),
                            "stands on " + below.view()
                                    + (below.refreshed()
                                            ? ": refreshed when a refresh of that changed it"
                                            : ", which is left alone"));
                    all.put(view, decision);
                    open.add(decision);
                }
            }
        }
        return List.copyOf(all.values());
    }
}
