package io.refreshd.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Method;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.ViewId;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Knows by other means than the scheduler which refreshes are long, and checks two invariants: long refreshes never have all
 * places, upstream views never start before a view that stands on them and is late, a refresh of which nothing is known never has the last
 * place without a time limit, and no owner has two turns while a quick view of another owner waits that is late.
 *
 * <p>A view that is being refreshed may be paused besides, which nobody sees from outside. So a view is asked whether it is long, or
 * short, for certain.
 */
final class FairnessOracle {
    private static final double WEIGHT_OF_NEWEST = 0.3;

    private static final class Timed {
        ViewSpec spec;
        OptionalLong expected;
        ViewPhase phase = ViewPhase.DIRTY;
        /** Since when there has been a reason for a refresh that has not started. */
        OptionalLong waitsSince = OptionalLong.empty();

        Timed(ViewSpec spec, OptionalLong expected) {
            this.spec = spec;
            this.expected = expected;
        }

        long target() {
            return spec.timing().targetLag().toNanos();
        }
    }

    /** @param before when a view of the same owner started before it whose refresh was quick for certain: others have turns of their own */
    private record Turn(ViewId view, OptionalLong before) {}

    private record Started(long at, OptionalLong expected, boolean joined) {}

    private final int places;
    private final Map<ViewId, Timed> views = new TreeMap<>();
    private final Map<ViewId, Started> running = new HashMap<>();
    private final List<ViewId> startedNow = new ArrayList<>();
    private final List<Turn> turnsNow = new ArrayList<>();
    private final Map<Long, Long> lastTurns = new HashMap<>();
    private final Map<Long, Long> lastQuickTurns = new HashMap<>();
    private final Set<ViewId> runningBefore = new HashSet<>();

    FairnessOracle(int places) {
        this.places = places;
    }

    void known(ViewSpec spec, Optional<Duration> lastDuration) {
        Timed view = views.get(spec.view());
        if (view == null || view.spec.oid() != spec.oid()) {
            views.put(
                    spec.view(),
                    new Timed(
                            spec,
                            lastDuration
                                    .map(known -> OptionalLong.of(known.toNanos()))
                                    .orElse(OptionalLong.empty())));
        } else {
            view.spec = spec;
        }
    }

    void onlyKnown(Set<ViewId> ids) {
        views.keySet().retainAll(ids);
    }

    void waits(ViewId id, long now) {
        Timed view = views.get(id);
        if (view != null && view.waitsSince.isEmpty()) {
            view.waitsSince = OptionalLong.of(now);
        }
    }

    /** Incremental views wait for the log to be read again, and for a place only after that. */
    void logAwaited(long now) {
        views.values().stream()
                .filter(view -> view.spec.method() == Method.INCREMENTAL && view.waitsSince.isPresent())
                .forEach(view -> view.waitsSince = OptionalLong.of(now));
    }

    /** Nothing is known to be missing any more. */
    void waitsNoLonger(ViewId id) {
        Optional.ofNullable(views.get(id)).ifPresent(view -> view.waitsSince = OptionalLong.empty());
    }

    /** Views that an event pauses or suspends bound nothing any more, also for what the same event starts. */
    void paused(List<ViewStatus> status) {
        for (ViewStatus shown : status) {
            if (shown.phase() == ViewPhase.PAUSED || shown.phase() == ViewPhase.SUSPENDED) {
                Optional.ofNullable(views.get(shown.view()))
                        .ifPresent(view ->
                                view.phase = shown.phase() == ViewPhase.UNTRACKED ? ViewPhase.FRESH : shown.phase());
            }
        }
    }

    void started(RefreshTask task, boolean joined, long now) {
        Timed view = views.get(task.view());
        long otherLong = running.values().stream()
                .filter(other -> !other.joined())
                .filter(other -> isLongForCertain(other.expected()))
                .count();
        if (!joined && isLongForCertain(expected(view)) && otherLong >= places - 1) {
            assertThat(expected(view).orElseThrow())
                    .as("%s has the last place, and takes longer than its target lag", task.view())
                    .isLessThanOrEqualTo(view.target());
            // In a group it may be another view that lacks something.
            assertThat(task.oldestCommit().isPresent() || !view.spec.together().isEmpty())
                    .as("%s need not have the last place", task.view())
                    .isTrue();
        }
        if (!joined
                && task.method() != Method.INCREMENTAL
                && view.spec.together().isEmpty()) {
            boolean last = places > 1 && occupied() + 1 == places;
            if (last && expected(view).isEmpty()) {
                assertThat(task.timeLimit())
                        .as("%s has the last place, and nothing is known of it", task.view())
                        .hasValueSatisfying(time -> assertThat(time.toNanos()).isLessThanOrEqualTo(highestLimit()));
            }
        }
        if (!joined) {
            lastTurns.put(view.spec.owner(), now);
            Long before =
                    isQuick(view) ? lastQuickTurns.put(view.spec.owner(), now) : lastQuickTurns.get(view.spec.owner());
            turnsNow.add(new Turn(task.view(), before == null ? OptionalLong.empty() : OptionalLong.of(before)));
        }
        view.waitsSince = OptionalLong.empty();
        running.put(task.view(), new Started(now, expected(view), joined));
        startedNow.add(task.view());
    }

    void ended(ViewId id) {
        running.remove(id);
        runningBefore.remove(id);
    }

    /** A refresh that failed took at least so long. */
    void failed(ViewId id, Duration duration) {
        Timed view = views.get(id);
        if (view != null && duration.isPositive()) {
            view.expected = OptionalLong.of(Math.max(view.expected.orElse(0), duration.toNanos()));
        }
    }

    void took(ViewId id, Duration duration) {
        Timed view = views.get(id);
        long nanos = duration.toNanos();
        view.expected = OptionalLong.of(
                view.expected.isEmpty()
                        ? nanos
                        : view.expected.getAsLong() + (long) (WEIGHT_OF_NEWEST * (nanos - view.expected.getAsLong())));
    }

    /** How long a refresh takes of the view and those that are refreshed together with it; empty if that is not known of all. */
    private OptionalLong expected(Timed view) {
        List<OptionalLong> all = expectedOfGroup(view);
        return all.stream().allMatch(OptionalLong::isPresent) ? OptionalLong.of(longest(all)) : OptionalLong.empty();
    }

    private List<OptionalLong> expectedOfGroup(Timed view) {
        return Stream.concat(Stream.of(view.spec.view()), view.spec.together().stream())
                .map(id -> Optional.ofNullable(views.get(id))
                        .map(known -> known.expected)
                        .orElse(OptionalLong.empty()))
                .toList();
    }

    /** The longest of those that are known. */
    private static long longest(List<OptionalLong> all) {
        return all.stream().mapToLong(one -> one.orElse(0)).max().orElse(0);
    }

    private long lowestLimit() {
        return views.values().stream()
                .mapToLong(view -> view.target() + expected(view).orElse(0))
                .min()
                .orElse(Long.MAX_VALUE);
    }

    /** The limit if each view is left out that may be: a view that is being refreshed may be paused, and may be shown as blocked. */
    private long highestLimit() {
        EnumSet<ViewPhase> perhapsOut = EnumSet.of(ViewPhase.PAUSED, ViewPhase.SUSPENDED, ViewPhase.REFRESHING);
        return views.values().stream()
                .filter(view -> !perhapsOut.contains(view.phase) && !running.containsKey(view.spec.view()))
                .mapToLong(view -> view.target() + longest(expectedOfGroup(view)))
                .min()
                .orElse(Long.MAX_VALUE);
    }

    private boolean isLongForCertain(OptionalLong expected) {
        return expected.isPresent() && expected.getAsLong() > highestLimit();
    }

    private boolean isShortForCertain(OptionalLong expected) {
        return expected.isPresent() && expected.getAsLong() <= lowestLimit();
    }

    private long occupied() {
        return running.values().stream().filter(other -> !other.joined()).count();
    }

    /** Whether a refresh of the view would get a place for certain. */
    boolean hasPlaceFor(ViewId id, long now) {
        long perhapsLong = running.values().stream()
                .filter(other -> !other.joined())
                .filter(other -> !isShortForCertain(other.expected()) || now - other.at() > lowestLimit())
                .count();
        return occupied() < places && (isShortForCertain(expected(views.get(id))) || perhapsLong < places - 1);
    }

    /** Whether the view would get even the last place rather than miss its target lag. */
    boolean keepsTarget(ViewId id) {
        return occupied() < places
                && expected(views.get(id)).isPresent()
                && expected(views.get(id)).getAsLong() <= views.get(id).target();
    }

    /** Whether the view may have to wait for one that stands on it, and that waits for another of its upstream views or gives way itself. */
    boolean mayGiveWay(ViewId id) {
        return downstream(id)
                .anyMatch(view -> view.phase != ViewPhase.FRESH
                        && (view.spec.upstream().stream().anyMatch(running::containsKey)
                                || mayGiveWay(view.spec.view())));
    }

    private Stream<Timed> downstream(ViewId id) {
        return views.values().stream().filter(view -> view.spec.upstream().contains(id));
    }

    /** @param retrying views whose last attempt failed */
    void check(List<ViewStatus> status, Set<ViewId> retrying, long now) {
        for (ViewStatus shown : status) {
            Optional.ofNullable(views.get(shown.view()))
                    .ifPresent(view ->
                            view.phase = shown.phase() == ViewPhase.UNTRACKED ? ViewPhase.FRESH : shown.phase());
        }
        for (ViewId upstream : startedNow) {
            downstream(upstream)
                    .filter(view -> view.phase == ViewPhase.DIRTY
                            && !retrying.contains(view.spec.view())
                            && view.spec.upstream().stream().noneMatch(runningBefore::contains)
                            && !mayWaitForRound(view, now)
                            && hasPlaceFor(view.spec.view(), now))
                    .forEach(view -> view.waitsSince.ifPresent(since -> assertThat(now - since)
                            .as("%s started, and %s, which stands on it, has waited for", upstream, view.spec.view())
                            .isLessThan(view.target())));
        }
        turnsNow.forEach(turn -> checkTurn(turn, retrying));
        turnsNow.clear();
        startedNow.clear();
        runningBefore.clear();
        runningBefore.addAll(running.keySet());
    }

    /** An incremental view waits for a round of several views that runs, for a second. */
    private boolean mayWaitForRound(Timed view, long now) {
        return view.spec.method() == Method.INCREMENTAL
                && running.values().stream().anyMatch(other -> other.joined() && now - other.at() < 1_000_000_000);
    }

    private void checkTurn(Turn turn, Set<ViewId> retrying) {
        Timed started = views.get(turn.view());
        // One that stands on others may start in place of one that it reads.
        if (started == null
                || turn.before().isEmpty()
                || !started.spec.upstream().isEmpty()
                || !isQuick(started)) {
            return;
        }
        long before = turn.before().getAsLong();
        for (Timed view : views.values()) {
            boolean readyWithPlace = view.phase == ViewPhase.DIRTY
                    && view.spec.owner() != started.spec.owner()
                    && view.spec.method() != Method.INCREMENTAL
                    && view.spec.together().isEmpty()
                    && view.spec.upstream().isEmpty()
                    && view.spec.timing().window().isEmpty()
                    && !retrying.contains(view.spec.view())
                    && !mayGiveWay(view.spec.view())
                    && isQuick(view);
            boolean hadTurn = lastTurns.getOrDefault(view.spec.owner(), Long.MIN_VALUE) >= before;
            if (readyWithPlace && !hadTurn && view.waitsSince.isPresent()) {
                assertThat(before - view.waitsSince.getAsLong())
                        .as("%s started, the second one of its owner since %s was late", turn.view(), view.spec.view())
                        .isLessThan(view.target());
            }
        }
    }

    private boolean isQuick(Timed view) {
        return isShortForCertain(expected(view));
    }
}
