package io.refreshd.demo;

import io.refreshd.model.Lsn;
import io.refreshd.model.ViewId;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * The commits of the demo's application: the log position of each, and the views that it affects. Compared with a view's
 * watermark, it tells how many of them the daemon claims to be in the view.
 *
 * <p>Thread: any.
 */
final class CommitLog {
    /** Positions beyond the watermark that the view had when it was last asked about, in ascending order. */
    private final Map<ViewId, Deque<Lsn>> notCovered = new HashMap<>();

    private final Map<ViewId, Long> affecting = new HashMap<>();
    private long commits;
    private Lsn newest = Lsn.ZERO;

    /** @param position at or after the end of the commit record; an earlier one would count the commit as covered too soon */
    synchronized void committed(Lsn position, Collection<ViewId> views) {
        commits++;
        newest = newest.max(position);
        for (ViewId view : views) {
            affecting.merge(view, 1L, Long::sum);
            notCovered.computeIfAbsent(view, key -> new ArrayDeque<>()).add(position);
        }
    }

    synchronized long commits() {
        return commits;
    }

    /** The position of the newest commit; all others are at or before it. */
    synchronized Lsn newest() {
        return newest;
    }

    /** How many commits affect the view. */
    synchronized long affecting(ViewId view) {
        return affecting.getOrDefault(view, 0L);
    }

    /**
     * How many commits affect the view and are at or before its watermark.
     *
     * @param watermark never less than in an earlier call for the same view
     */
    synchronized long covered(ViewId view, Lsn watermark) {
        Deque<Lsn> waiting = notCovered.computeIfAbsent(view, key -> new ArrayDeque<>());
        while (!waiting.isEmpty() && waiting.element().compareTo(watermark) <= 0) {
            waiting.remove();
        }
        return affecting(view) - waiting.size();
    }
}
