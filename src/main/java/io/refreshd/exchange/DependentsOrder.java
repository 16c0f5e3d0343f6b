package io.refreshd.exchange;

import io.refreshd.exchange.Dependents.View;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The order in which views stand on each other, and which of them are made again. Pure. */
final class DependentsOrder {
    private DependentsOrder() {}

    /** From the bottom up; views that read each other in a circle, and those above, are left out. */
    static List<View> bottomUp(List<View> views) {
        List<View> ordered = new ArrayList<>();
        List<View> waiting = new ArrayList<>(views);
        while (true) {
            Set<Long> open = new HashSet<>();
            waiting.forEach(view -> open.add(view.oid()));
            List<View> next = waiting.stream()
                    .filter(view -> view.below().stream().noneMatch(open::contains))
                    .toList();
            if (next.isEmpty()) {
                return ordered;
            }
            ordered.addAll(next);
            waiting.removeAll(next);
        }
    }

    /**
     * The views that cannot keep their oid. If the rows of the target stay, these are the materialized views that read it, or one of
     * these, themselves. If they do not, these are all materialized views above, and the plain views through which they read: a copy has
     * to be filled from copies.
     *
     * @param views from the bottom up
     */
    static Set<Long> remade(List<View> views, long target, boolean rowsChange) {
        Set<Long> remade = new HashSet<>();
        if (rowsChange) {
            Set<Long> read = new HashSet<>();
            for (View view : views.reversed()) {
                if (view.materialized() || read.contains(view.oid())) {
                    remade.add(view.oid());
                    read.addAll(view.below());
                }
            }
            return remade;
        }
        for (View view : views) {
            if (view.materialized() && view.below().stream().anyMatch(oid -> oid == target || remade.contains(oid))) {
                remade.add(view.oid());
            }
        }
        return remade;
    }
}
