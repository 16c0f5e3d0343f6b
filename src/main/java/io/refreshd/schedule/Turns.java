package io.refreshd.schedule;

import io.refreshd.model.ViewId;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The order in which views that wait for a place get one: by turns, then the earliest due first. The owners of views take turns, and so do
 * the stacks of each owner: the views that stand on each other. Long refreshes, with those of which nothing is known yet, have turns of their
 * own, so that neither kind uses up the turns of the other.
 *
 * <p>A view gives way to whatever was due when its owner, and then its stack, had the last turn. So nobody waits for more than one refresh
 * of each kind of each other owner, however many views others have. A long refresh also gives way to whatever was due when the last one of
 * its owner ended, and a view that has failed to whatever was due when it failed. Nothing gives way to what fell due later, so everything
 * has its turn in the end.
 */
final class Turns {
    /** @param first view of a stack, by name; empty: the turns of an owner as a whole */
    private record Whose(long owner, boolean isLong, Optional<ViewId> first) {}

    /** @param rank when the view fell due, or later as far as it gives way */
    private record Waiting(ViewState view, long ofOwner, long ofStack, long rank, long due) {}

    private final ViewRegistry views;
    private final boolean byOwner;
    private final Map<ViewId, ViewId> firstOfStack = new HashMap<>();
    private final Map<Whose, Long> lastTurn = new HashMap<>();
    /** When the last long refresh of each owner ended. */
    private final Map<Long, Long> lastLongEnd = new HashMap<>();

    private long version = -1;

    /** @param byOwner false if all views count as those of one owner */
    Turns(ViewRegistry views, boolean byOwner) {
        this.views = views;
        this.byOwner = byOwner;
    }

    /** To be called before an order is asked for. */
    void assess() {
        if (version == views.version()) {
            return;
        }
        version = views.version();
        firstOfStack.clear();
        Set<Long> owners = new HashSet<>();
        for (ViewState view : views.all()) {
            owners.add(owner(view));
            findStack(view);
        }
        lastLongEnd.keySet().retainAll(owners);
        lastTurn.keySet()
                .removeIf(whose -> !owners.contains(whose.owner())
                        || whose.first()
                                .filter(first -> views.get(first) == null)
                                .isPresent());
    }

    private void findStack(ViewState first) {
        Deque<ViewState> open = new ArrayDeque<>(List.of(first));
        while (!open.isEmpty()) {
            ViewState next = open.pop();
            if (firstOfStack.putIfAbsent(next.id(), first.id()) == null) {
                views.upstream(next).forEach(open::push);
                views.downstream(next.id()).stream()
                        .flatMap(id -> Optional.ofNullable(views.get(id)).stream())
                        .forEach(open::push);
            }
        }
    }

    private long owner(ViewState view) {
        return byOwner ? view.spec.owner() : 0;
    }

    private Whose ofOwner(ViewState view, boolean isLong) {
        return new Whose(owner(view), isLong, Optional.empty());
    }

    private Whose ofStack(ViewState view, boolean isLong) {
        return new Whose(owner(view), isLong, Optional.of(firstOfStack.getOrDefault(view.id(), view.id())));
    }

    void taken(ViewState view, boolean isLong, long now) {
        lastTurn.put(ofOwner(view, isLong), now);
        lastTurn.put(ofStack(view, isLong), now);
    }

    void longEnded(ViewState view, long now) {
        lastLongEnd.put(owner(view), now);
    }

    /** A view that waits for its turn. @param isLong whether its refresh is long, or nothing is known of it */
    private Waiting waiting(ViewState view, boolean isLong, long now) {
        long due = view.group.dueAt(now);
        due = Deadlines.later(due, view.group.retry.lastFailure().orElse(due));
        long rank = isLong ? later(lastLongEnd.get(owner(view)), due) : due;
        return new Waiting(
                view,
                later(lastTurn.get(ofOwner(view, isLong)), rank),
                later(lastTurn.get(ofStack(view, isLong)), rank),
                rank,
                due);
    }

    private static long later(@Nullable Long one, long other) {
        return one == null ? other : Deadlines.later(one, other);
    }

    List<ViewState> inOrder(List<ViewState> ready, Predicate<ViewState> isLong, long now) {
        return ready.stream()
                .map(view -> waiting(view, isLong.test(view), now))
                .sorted(Comparator.<Waiting>comparingLong(one -> one.ofOwner() - now)
                        .thenComparingLong(one -> one.ofStack() - now)
                        .thenComparingLong(one -> one.rank() - now)
                        .thenComparingLong(one -> one.due() - now))
                .map(Waiting::view)
                .toList();
    }
}
