package io.refreshd.cli;

import io.refreshd.model.ViewId;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Extends the decisions about views to the views stacked on them: if a refresh changes a view, the views on it are refreshed too.
 * Pure.
 */
final class StackedDecisions {
    private StackedDecisions() {}

    /**
     * @param decisions about the views that read the table
     * @return these decisions, and one about every view stacked on them
     */
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
                                            ? ": refreshed when a refresh changes that view"
                                            : ", which is skipped"));
                    all.put(view, decision);
                    open.add(decision);
                }
            }
        }
        return List.copyOf(all.values());
    }
}
