package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The edges between materialized views that read one another.
 *
 * <p>Invariant: the edges have no cycle. The server allows one: a plain view in between is replaced to read a materialized view that
 * stands on it. Then no order of refreshes is right and no view of the cycle is ever fresh. So every edge that is part of a cycle is
 * left out, and {@link #cycleOf} names the cycle for each view from which such an edge was taken.
 */
final class ViewDependencies {
    private final Map<ViewId, SortedSet<ViewId>> upstream = new HashMap<>();
    private final Map<ViewId, SortedSet<ViewId>> downstream = new HashMap<>();
    private final Map<ViewId, Obstacle> cycles = new HashMap<>();

    /** @param read for each view the materialized views that it reads, directly or through plain views */
    ViewDependencies(SortedMap<ViewId, SortedSet<ViewId>> read) {
        Set<ViewId> without = withoutCycle(read);
        read.forEach((view, others) -> {
            upstream.put(view, new TreeSet<>());
            downstream.computeIfAbsent(view, id -> new TreeSet<>());
            for (ViewId other : others) {
                if (!without.contains(view) && reaches(other, view, read)) {
                    cycles.put(
                            view,
                            new Obstacle(
                                    "reads itself, by way of " + other,
                                    Remedy.text("break the cycle: replace the plain view in between")));
                } else {
                    upstream.get(view).add(other);
                    downstream.computeIfAbsent(other, id -> new TreeSet<>()).add(view);
                }
            }
        });
    }

    Set<ViewId> upstreamOf(ViewId view) {
        return Set.copyOf(upstream.getOrDefault(view, new TreeSet<>()));
    }

    Set<ViewId> downstreamOf(ViewId view) {
        return Set.copyOf(downstream.getOrDefault(view, new TreeSet<>()));
    }

    Optional<Obstacle> cycleOf(ViewId view) {
        return Optional.ofNullable(cycles.get(view));
    }

    /**
     * The views that stand on no cycle, found from the bottom up, each looked at once: to look for a cycle from each view would take the
     * square of the depth of a stack.
     */
    private static Set<ViewId> withoutCycle(SortedMap<ViewId, SortedSet<ViewId>> read) {
        Map<ViewId, Integer> left = new HashMap<>();
        Map<ViewId, List<ViewId>> readers = new HashMap<>();
        Deque<ViewId> open = new ArrayDeque<>();
        read.forEach((view, others) -> {
            List<ViewId> known = others.stream().filter(read::containsKey).toList();
            known.forEach(other ->
                    readers.computeIfAbsent(other, id -> new ArrayList<>()).add(view));
            left.put(view, known.size());
            if (known.isEmpty()) {
                open.add(view);
            }
        });
        Set<ViewId> found = new HashSet<>();
        while (!open.isEmpty()) {
            ViewId view = open.pop();
            found.add(view);
            for (ViewId reader : readers.getOrDefault(view, List.of())) {
                if (left.merge(reader, -1, Integer::sum) == 0) {
                    open.add(reader);
                }
            }
        }
        return found;
    }

    private static boolean reaches(ViewId from, ViewId to, SortedMap<ViewId, SortedSet<ViewId>> read) {
        Set<ViewId> seen = new HashSet<>();
        Deque<ViewId> open = new ArrayDeque<>(Set.of(from));
        while (!open.isEmpty()) {
            ViewId view = open.pop();
            if (view.equals(to)) {
                return true;
            }
            if (seen.add(view)) {
                open.addAll(read.getOrDefault(view, new TreeSet<>()));
            }
        }
        return false;
    }
}
