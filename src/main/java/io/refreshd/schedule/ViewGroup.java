package io.refreshd.schedule;

import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/**
 * Views that are refreshed together, in one snapshot, so that they agree. Most views are alone in theirs.
 *
 * <p>Invariant: no view of a group is ever refreshed without the others. So what is due, waits or has failed is the group.
 *
 * <p>Thread: the scheduler's alone.
 */
final class ViewGroup {
    private final List<ViewState> members;
    RetryState retry;

    private ViewGroup(List<ViewState> members, RetryState retry) {
        this.members = members;
        this.retry = retry;
    }

    /** The group of a view that is alone. */
    static ViewGroup of(ViewState view, RetryState retry) {
        return new ViewGroup(List.of(view), retry);
    }

    /** The group of views that have been in other groups so far. What kept one of them from being refreshed keeps all. */
    static ViewGroup of(List<ViewState> members) {
        RetryState worst = members.stream()
                .map(view -> view.group.retry)
                .max(Comparator.comparing(
                                (RetryState retry) -> retry.suspension().isPresent())
                        .thenComparingInt(RetryState::failures))
                .orElseThrow();
        return new ViewGroup(List.copyOf(members), worst);
    }

    /** Sorted by name. */
    List<ViewState> members() {
        return members;
    }

    /** The same, this view first. */
    List<ViewState> startingWith(ViewState first) {
        return Stream.concat(Stream.of(first), members.stream().filter(view -> !view.equals(first)))
                .toList();
    }

    boolean isOfSeveral() {
        return members.size() > 1;
    }

    /** Loops, since it is asked of a thousand views at an event. */
    boolean any(Predicate<ViewState> holds) {
        for (ViewState view : members) {
            if (holds.test(view)) {
                return true;
            }
        }
        return false;
    }

    boolean wantsRefresh() {
        return any(ViewState::wantsRefresh);
    }

    boolean requested() {
        return any(view -> view.requested);
    }

    boolean paused() {
        return any(view -> view.paused);
    }

    boolean stopped() {
        return any(ViewState::stopped);
    }

    boolean awaitsLog(long now) {
        return any(view -> view.awaitsLog(now));
    }

    boolean readsViews() {
        return any(view -> !view.spec.upstream().isEmpty());
    }

    /** When the refresh falls due; only to be asked if {@link #wantsRefresh} is true. */
    long dueAt(long now) {
        return earliest(view -> view.dueAt(now));
    }

    /** When the target lag of what a view lacks has passed; only to be asked if {@link #wantsRefresh} is true. */
    long lateAt(long now) {
        return earliest(view -> view.lateAt(now));
    }

    private long earliest(ToLongFunction<ViewState> time) {
        OptionalLong earliest = OptionalLong.empty();
        for (ViewState view : members) {
            if (view.wantsRefresh()) {
                earliest = OptionalLong.of(Deadlines.earlier(earliest, time.applyAsLong(view)));
            }
        }
        return earliest.orElse(0);
    }

    /** When a refresh has to start to bring the pending changes within the target lag; empty: it is not known how old they are. */
    OptionalLong latestStart() {
        OptionalLong earliest = OptionalLong.empty();
        for (ViewState view : members) {
            OptionalLong latest = view.latestStart();
            if (latest.isPresent()) {
                earliest = OptionalLong.of(Deadlines.earlier(earliest, latest.getAsLong()));
            }
        }
        return earliest;
    }

    /** When the window opens that a refresh has to wait for; empty: none has to, for somebody asked for one, or the window is open. */
    OptionalLong opensAt(long now) {
        OptionalLong latest = OptionalLong.empty();
        for (ViewState view : members) {
            OptionalLong opens = requested() ? OptionalLong.empty() : view.opensAt(now);
            if (opens.isPresent()) {
                latest = OptionalLong.of(
                        latest.isPresent()
                                ? Deadlines.later(latest.getAsLong(), opens.getAsLong())
                                : opens.getAsLong());
            }
        }
        return latest;
    }

    /** When the refresh may start: when it is due, no retry has to wait, and the window is open. */
    long readyAt(long now) {
        long due = retry.delaysRetry(now) ? Deadlines.later(dueAt(now), retry.retryAt()) : dueAt(now);
        OptionalLong opens = opensAt(now);
        return opens.isPresent() ? Deadlines.later(due, opens.getAsLong()) : due;
    }

    /** Expected duration of a refresh, in nanoseconds. That of a view in a group is that of the group. */
    long expected() {
        long longest = 0;
        for (ViewState view : members) {
            longest = Math.max(longest, view.expected());
        }
        return longest;
    }

    /** Whether it is known how long a refresh takes. */
    boolean durationKnown() {
        return !any(view -> !view.durationKnown());
    }

    /** The actions that write to the ledger what was decided about the group. */
    List<Action.Remember> remember() {
        return members.stream().map(ViewState::remember).toList();
    }
}
