package io.refreshd.schedule;

import io.refreshd.model.ViewId;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Registry of the views that exist, how they depend on each other, and which of them are being refreshed. */
final class ViewRegistry {
    /** Sorted, so that the same events lead to the same decisions in every run. */
    private final Map<ViewId, ViewState> inOrder = new TreeMap<>();

    private final Map<ViewId, ViewState> byId = new HashMap<>();

    private final Map<ViewId, Set<ViewId>> downstream = new HashMap<>();
    /** By name and not by view: the refresh of a view that vanished still holds its slot and its lock. */
    private final Map<ViewId, RunningRefresh> running = new HashMap<>();

    /** Views to be decided about. In the order in which they came, so that every run is alike. */
    private final Set<ViewState> toReconsider = new LinkedHashSet<>();

    private boolean reconsiderAll;
    private boolean hasWindows;
    private long version;

    /** Something has happened to the view, which may concern its group and the downstream views too. */
    void reconsider(ViewState view) {
        Deque<ViewState> open = new ArrayDeque<>(List.of(view));
        while (!open.isEmpty()) {
            ViewState next = open.pop();
            if (toReconsider.add(next)) {
                next.group.members().forEach(open::push);
                downstream(next.id())
                        .forEach(id -> Optional.ofNullable(byId.get(id)).ifPresent(open::push));
            }
        }
    }

    void reconsiderAll() {
        reconsiderAll = true;
    }

    /** The views to be decided about since the last call; empty: all of them. */
    Optional<Set<ViewState>> takeToReconsider() {
        Optional<Set<ViewState>> taken =
                reconsiderAll ? Optional.empty() : Optional.of(new LinkedHashSet<>(toReconsider));
        toReconsider.clear();
        reconsiderAll = false;
        return taken;
    }

    @Nullable ViewState get(ViewId id) {
        return byId.get(id);
    }

    Collection<ViewState> all() {
        return inOrder.values();
    }

    void put(ViewState view) {
        inOrder.put(view.id(), view);
        byId.put(view.id(), view);
    }

    void remove(ViewId id) {
        inOrder.remove(id);
        byId.remove(id);
    }

    /** To be called when the set of views, their dependencies or groups have changed. */
    void link() {
        version++;
        inOrder.values().forEach(this::linkGroup);
        downstream.clear();
        hasWindows = false;
        for (ViewState view : inOrder.values()) {
            hasWindows |= view.spec.timing().window().isPresent();
            for (ViewId upstream : view.spec.upstream()) {
                downstream.computeIfAbsent(upstream, u -> new HashSet<>()).add(view.id());
            }
        }
    }

    /** Incremental views are no group: each may be brought up to date alone, and {@link SharedRounds} takes along what goes together. */
    private void linkGroup(ViewState view) {
        List<ViewState> members = view.incremental()
                ? List.of(view)
                : Stream.concat(Stream.of(view.id()), view.spec.together().stream())
                        .sorted()
                        .flatMap(id -> Optional.ofNullable(byId.get(id)).stream())
                        .toList();
        if (members.equals(view.group.members())) {
            return;
        }
        boolean lost = members.stream()
                .flatMap(member -> member.group.members().stream())
                .anyMatch(former -> byId.get(former.id()) != former);
        ViewGroup group = ViewGroup.of(members);
        if (lost && group.retry.suspension().isPresent()) {
            // Perhaps the view that is gone was the cause.
            group.retry = group.retry.retryNow();
        }
        members.forEach(member -> member.group = group);
    }

    /** Differs whenever the views, or what they read, may differ. */
    long version() {
        return version;
    }

    /** Views that read this one. */
    Set<ViewId> downstream(ViewId id) {
        return downstream.getOrDefault(id, Set.of());
    }

    /** Views outside of the group that read one of it, in their order. */
    List<ViewState> downstream(ViewGroup group) {
        if (!group.any(view -> downstream.containsKey(view.id()))) {
            return List.of();
        }
        return group.members().stream()
                .flatMap(view -> downstream(view.id()).stream())
                .distinct()
                .sorted()
                .flatMap(id -> Optional.ofNullable(byId.get(id)).stream())
                .filter(reader -> reader.group != group)
                .toList();
    }

    /** Views outside of the group that one of it reads, as far as they are registered. */
    Stream<ViewState> upstream(ViewGroup group) {
        return group.members().stream().flatMap(this::upstream).filter(upstream -> upstream.group != group);
    }

    /** Views that this one reads, as far as they are registered. */
    Stream<ViewState> upstream(ViewState view) {
        return view.spec.upstream().stream().map(byId::get).filter(known -> known != null);
    }

    /**
     * The view and all that it reads, directly or not, the nearest first.
     *
     * <p>Invariant: each view is there once, and nothing recurses, here and in {@link #upstreamFirst}. Whoever may create views decides how
     * many ways lead through a stack, and how deep it is.
     */
    Set<ViewState> withUpstream(ViewState view) {
        if (view.spec.upstream().isEmpty()) {
            return Set.of(view);
        }
        Set<ViewState> found = new LinkedHashSet<>(Set.of(view));
        Deque<ViewState> open = new ArrayDeque<>(found);
        while (!open.isEmpty()) {
            for (ViewId id : open.remove().spec.upstream()) {
                ViewState upstream = byId.get(id);
                if (upstream != null && found.add(upstream)) {
                    open.add(upstream);
                }
            }
        }
        return found;
    }

    /** The same, each view after all that it reads. No view reads itself: {@code ViewDependencies} breaks cycles. */
    Set<ViewState> upstreamFirst(ViewState view) {
        if (view.spec.upstream().isEmpty()) {
            return Set.of(view);
        }
        Set<ViewState> done = new LinkedHashSet<>();
        addUpstreamFirst(view, done);
        return done;
    }

    /** All views, each after all that it reads. Takes as long as there are views, however deep they are stacked. */
    Set<ViewState> allUpstreamFirst() {
        Set<ViewState> done = new LinkedHashSet<>();
        inOrder.values().forEach(view -> addUpstreamFirst(view, done));
        return done;
    }

    private void addUpstreamFirst(ViewState view, Set<ViewState> done) {
        Deque<ViewState> open = new ArrayDeque<>(Set.of(view));
        while (!open.isEmpty()) {
            ViewState next = open.peek();
            List<ViewState> before =
                    upstream(next).filter(upstream -> !done.contains(upstream)).toList();
            before.forEach(open::push);
            if (before.isEmpty()) {
                done.add(open.pop());
            }
        }
    }

    /** The views that stand on one of which this is true, directly or not. Looks at each view once. */
    Set<ViewState> standingOn(Predicate<ViewState> below) {
        Set<ViewState> found = new HashSet<>();
        Deque<ViewState> open = new ArrayDeque<>();
        for (ViewId id : downstream.keySet()) {
            ViewState view = byId.get(id);
            if (view != null && below.test(view)) {
                open.add(view);
            }
        }
        while (!open.isEmpty()) {
            for (ViewId id : downstream(open.remove().id())) {
                ViewState view = byId.get(id);
                if (view != null && found.add(view)) {
                    open.add(view);
                }
            }
        }
        return found;
    }

    /** Whether any view has a window. */
    boolean hasWindows() {
        return hasWindows;
    }

    void refreshStarted(RunningRefresh refresh) {
        running.put(refresh.task().view(), refresh);
    }

    RunningRefresh refreshEnded(ViewId id) {
        RunningRefresh refresh = running.remove(id);
        if (refresh == null) {
            throw new IllegalStateException("a refresh ended that was not running: " + id);
        }
        return refresh;
    }

    boolean isRunning(ViewId id) {
        return running.containsKey(id);
    }

    /** Whether a refresh runs of one of the group. */
    boolean isRunning(ViewGroup group) {
        return group.any(view -> isRunning(view.id()));
    }

    Collection<RunningRefresh> running() {
        return running.values();
    }

    /** How many places the running refreshes take. */
    int runningCount() {
        return (int)
                running.values().stream().filter(refresh -> !refresh.joined()).count();
    }

    /** When the round of several views began that runs now; empty if none does. */
    OptionalLong sharedRound() {
        return running.values().stream()
                .filter(RunningRefresh::shared)
                .mapToLong(RunningRefresh::startedAt)
                .max();
    }

    /** Views whose running refresh waits for the log to be read up to a position. */
    List<ViewState> awaitingLog() {
        return running.keySet().stream()
                .flatMap(id -> Optional.ofNullable(byId.get(id)).stream())
                .filter(view -> view.awaitedPosition.isPresent())
                .toList();
    }
}
