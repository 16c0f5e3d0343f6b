package io.refreshd.demo;

import io.refreshd.model.Lsn;
import io.refreshd.model.ViewId;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * The application's own book of its commits: where in the log they stand and which views they concern. Against a view's
 * watermark it tells how many of them the daemon claims to be in the view. Used by several threads.
 */
final class CommitLog {
    private final Map<ViewId, Deque<Lsn>> notSeen = new HashMap<>();
    private final Map<ViewId, Long> concerning = new HashMap<>();
    private long commits;
    private Lsn newest = Lsn.ZERO;

    /** @param position at or after the end of the commit, and so never too early */
    synchronized void committed(Lsn position, Collection<ViewId> views) {
        commits++;
        newest = newest.max(position);
        for (ViewId view : views) {
            concerning.merge(view, 1L, Long::sum);
            notSeen.computeIfAbsent(view, key -> new ArrayDeque<>()).add(position);
        }
    }

    synchronized long commits() {
        return commits;
    }

    /** Every commit so far stands at or before it. */
    synchronized Lsn newest() {
        return newest;
    }

    synchronized long concerning(ViewId view) {
        return concerning.getOrDefault(view, 0L);
    }

    /** Commits that concern the view and stand at or before its watermark, which must not go back between calls. */
    synchronized long seen(ViewId view, Lsn watermark) {
        Deque<Lsn> waiting = notSeen.computeIfAbsent(view, key -> new ArrayDeque<>());
        while (!waiting.isEmpty() && waiting.element().compareTo(watermark) <= 0) {
            waiting.remove();
        }
        return concerning(view) - waiting.size();
    }
}
