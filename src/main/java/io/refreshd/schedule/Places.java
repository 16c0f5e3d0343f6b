package io.refreshd.schedule;

import io.refreshd.model.ViewId;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
 *
 * <p>Invariant: a REFRESH in the last place has a time limit, that above which it is long. So a view of which it is not known yet how long
 * its refresh takes has a turn in time, whatever the others are like; if it is long, it is repeated in another place.
 */
final class Places {
    private final ViewRegistry views;
    private final int all;
    /** A refresh that takes longer, in nanoseconds, is long. */
    private long limit = Long.MAX_VALUE;
    /** Whether it is known of any view how long its refresh takes. */
    private boolean anyKnown;

    /** The refreshes that were running when places were given last. */
    private final Map<ViewId, RunningRefresh> started = new HashMap<>();

    private final Predicate<ViewId> frozen;
    private final Turns turns;

    /** @param frozen whether somebody alters or locks what the view reads, so that its refresh may wait for a lock */
    Places(ViewRegistry views, int all, Predicate<ViewId> frozen) {
        this.views = views;
        this.frozen = frozen;
        this.all = all;
        this.turns = new Turns(views, all > 1);
    }

    boolean anyFree() {
        return views.runningCount() < all;
    }

    /** Works out anew which refreshes are long, and which have ended. To be called before places are given. */
    void assess(long now) {
        turns.assess();
        started.values().removeIf(refresh -> {
            boolean ended = !views.isRunning(refresh.task().view());
            ViewState view = views.get(refresh.task().view());
            if (ended && view != null && (isUnknown(refresh) || now - refresh.startedAt() > limit)) {
                turns.longEnded(view, now);
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
     * Whether a refresh of the view is expected to be long. If nothing is known of it yet, it counts as long only if no time limit can be set,
     * unless that is true of all views.
     */
    boolean isLong(ViewState view) {
        return mayWaitForLock(view)
                || ((view.group.durationKnown() || !mayBeLimited(view))
                        && isLong(view.group.durationKnown(), view.group.expected()));
    }

    /** A round of several views would end for all of them. */
    private boolean mayBeLimited(ViewState view) {
        return all > 1 && !view.incremental() && !view.group.isOfSeveral();
    }

    /** How long a REFRESH of the view may take that starts now; empty: as long as any. */
    Optional<Duration> timeLimit(ViewState view, long now) {
        boolean isLong = isLong(view);
        boolean last = isLong ? longRunning(now) >= all - 1 : views.runningCount() >= all - 1;
        long time = isLong ? Math.max(limit, targetLag(view)) : limit;
        return last && mayBeLimited(view) && time < Long.MAX_VALUE
                ? Optional.of(Duration.ofNanos(time))
                : Optional.empty();
    }

    private static boolean isUnknown(RunningRefresh refresh) {
        return refresh.expected() == 0;
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
                        || (!endsInTime(refresh) && isLong(!isUnknown(refresh), refresh.expected()))
                        || now - refresh.startedAt() > limit)
                .count();
    }

    private boolean endsInTime(RunningRefresh refresh) {
        return refresh.task()
                .timeLimit()
                .filter(time -> time.toNanos() <= limit)
                .isPresent();
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

    void taken(ViewState view, RunningRefresh refresh) {
        started.put(refresh.task().view(), refresh);
        turns.taken(view, mayBeLong(view), refresh.startedAt());
    }

    /** The order in which views that are ready get places. */
    List<ViewState> inOrder(List<ViewState> ready, long now) {
        return turns.inOrder(ready, this::mayBeLong, now);
    }

    private boolean mayBeLong(ViewState view) {
        return isLong(view) || !view.group.durationKnown();
    }
}
