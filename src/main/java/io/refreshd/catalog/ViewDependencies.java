package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.ViewId;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Materialized views over materialized views, without circles. The server allows one (a plain view in between that was
 * replaced to read what stands on it), but then nothing is ever fresh and no order is right: the edges that lead back are
 * left out, and each view of the circle is told so.
 */
final class Stack {
    private final Map<ViewId, SortedSet<ViewId>> upstream = new HashMap<>();
    private final Map<ViewId, SortedSet<ViewId>> downstream = new HashMap<>();
    private final Map<ViewId, Obstacle> circles = new HashMap<>();

    Stack(SortedMap<ViewId, SortedSet<ViewId>> read) {
        read.forEach((view, others) -> {
            upstream.put(view, new TreeSet<>());
            downstream.computeIfAbsent(view, id -> new TreeSet<>());
            for (ViewId other : others) {
                if (reaches(other, view, read)) {
                    circles.put(
                            view,
                            new Obstacle(
                                    "reads itself, by way of " + other,
                                    "break the circle: replace the plain view in between"));
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

    Optional<Obstacle> circleOf(ViewId view) {
        return Optional.ofNullable(circles.get(view));
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
