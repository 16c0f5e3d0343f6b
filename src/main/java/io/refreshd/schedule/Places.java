package io.refreshd.schedule;

import io.refreshd.model.ViewId;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Predicate;

/**
 * Admission control for refreshes: {@code max-concurrent} places, one of which long refreshes may not take.
 *
 * <p>No view is to wait for others longer than for its target lag and one refresh of its own. A refresh is long if it is expected to
 * take longer than that for any view. Such a refresh in the last place could keep that view waiting.
 *
 * <p>A refresh that may wait for somebody's lock counts as long, since nobody knows when the lock ends.
 *
 * <p>Invariant: long refreshes have at most all places but one. A long refresh may take the last one only if it is expected to
 * keep its own target lag, and could not keep it if it waited any longer. Where there is one place only, nothing can be kept free;
 * then whatever was due when a long refresh ended goes before the next long one.
 */
final class Places {
    private final ViewRegistry views;
    private final int all;
    /** A refresh that takes longer, in nanoseconds, is long. */
    private long limit = Long.MAX_VALUE;
    /** Whether it is known of any view how long its refresh takes. */
    private boolean anyKnown;

    /** When the refreshes began that were running when places were given last. */
    private final Map<ViewId, Long> startTimes = new HashMap<>();
    /** When the last long refresh ended. */
    private OptionalLong lastLongEnd = OptionalLong.empty();

    private final Predicate<ViewId> frozen;

    /** @param frozen whether somebody alters or locks what the view reads, so that its refresh may wait for a lock */
    Places(ViewRegistry views, int all, Predicate<ViewId> frozen) {
        this.views = views;
        this.frozen = frozen;
        this.all = all;
    }

    boolean anyFree() {
        return views.runningCount() < all;
    }

    /** Works out anew which refreshes are long, and which have ended. To be called before places are given. */
    void assess(long now) {
        startTimes.entrySet().removeIf(start -> {
            boolean ended = !views.isRunning(start.getKey());
            if (ended && now - start.getValue() > limit) {
                lastLongEnd = OptionalLong.of(now);
            }
            return ended;
        });
        limit = Long.MAX_VALUE;
        anyKnown = false;
        for (ViewState view : views.all()) {
            if (!view.paused && !view.suspended()) {
                limit = Math.min(limit, targetLag(view) + view.group.expected());
                anyKnown |= view.group.durationKnown();
            }
        }
    }

    /**
     * Whether a refresh of the view is expected to be long. A refresh of which nothing is known yet counts as long, unless that is
     * true of all views.
     */
    boolean isLong(ViewState view) {
        return mayWaitForLock(view) || isLong(view.group.durationKnown(), view.group.expected());
    }

    private boolean mayWaitForLock(ViewState view) {
        return view.failedForLock() || view.group.any(one -> frozen.test(one.id()));
    }

    private boolean isLong(boolean known, long nanos) {
        return known ? nanos > limit : anyKnown;
    }

    boolean hasPlaceFor(ViewState view, long now) {
        return anyFree() && (!isLong(view) || longRunning(now) < Math.max(1, all - 1) || cannotWait(view, now));
    }

    private long longRunning(long now) {
        return views.running().stream()
                .filter(refresh -> !refresh.joined())
                .filter(refresh -> frozen.test(refresh.task().view())
                        || isLong(refresh.expected() > 0, refresh.expected())
                        || now - refresh.startedAt() > limit)
                .count();
    }

    private boolean cannotWait(ViewState view, long now) {
        return !mayWaitForLock(view)
                && view.group.durationKnown()
                && view.group.expected() <= targetLag(view)
                && view.group.latestStart().isPresent()
                && view.group.latestStart().getAsLong() - now <= 0;
    }

    private static long targetLag(ViewState view) {
        return view.spec.timing().targetLag().toNanos();
    }

    void taken(RunningRefresh refresh) {
        startTimes.put(refresh.task().view(), refresh.startedAt());
    }

    /**
     * The order in which views that are ready take their turn: the earliest due first. A long refresh gives way to whatever was due
     * when the last long one ended, and to nothing that fell due later. So neither kind can keep the other from its turn for ever. Likewise
     * a refresh that has failed gives way to whatever was due when it failed.
     */
    Comparator<ViewState> order(long now) {
        return Comparator.<ViewState>comparingLong(view -> rank(view, now) - now)
                .thenComparingLong(view -> due(view, now) - now);
    }

    private long rank(ViewState view, long now) {
        long due = due(view, now);
        return isLong(view) && lastLongEnd.isPresent() ? Deadlines.later(due, lastLongEnd.getAsLong()) : due;
    }

    private static long due(ViewState view, long now) {
        long due = view.group.dueAt(now);
        return Deadlines.later(due, view.group.retry.lastFailure().orElse(due));
    }
}
