package io.refreshd.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Failure;
import io.refreshd.model.Impact;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xids;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;

/**
 * Watches one life of a scheduler from outside and knows, by other means, what it may do and must do: I3, a view that is due
 * is refreshed; I6, something wakes it; I7, no refresh without a reason.
 */
@NullUnmarked // Its maps hold what they are asked for; if not, the test is to fail.
final class ScheduleOracle {
    private static final class Watched {
        ViewSpec spec;
        /** Reasons for a refresh that has not started yet. */
        Set<String> reasons = new HashSet<>();

        /** Reasons for the refresh that runs. */
        Set<String> reasonsOfRunning = new HashSet<>();
        /** Transactions that were routed after it started. */
        Set<Xids> sinceStart = new HashSet<>();

        Snapshot lastSnapshot;
        /** A refresh may have committed unnoticed. */
        boolean commitUncertain;
        /** Changes wait, the first and the last of which came at these times. */
        boolean changesWait;

        long first;
        long last;
        /** When the last refresh began that brought the whole view up to date, by the time of day. */
        Instant lastRun;
        /** When the refresh that runs began, likewise; only if it brings the whole view up to date. */
        Optional<Instant> runs = Optional.empty();

        /** The last attempt failed, so that the next one need not come at the due time. */
        boolean retrying;

        Watched(ViewSpec spec) {
            this.spec = spec;
        }
    }

    private static final String CHANGE = "change";
    private static final String INVALIDATED = "invalidated";

    private final int maxConcurrent;
    private final FairnessOracle fairness;
    private final Map<ViewId, Watched> views = new TreeMap<>();
    final Map<ViewId, RefreshTask> running = new HashMap<>();
    private final Set<ViewId> joined = new HashSet<>();
    private Set<ViewId> paused = Set.of();
    /** How often changes that came while a refresh ran were in its snapshot. */
    int settled;

    /** Refreshes that had no reason but a schedule. */
    int scheduled;

    ScheduleOracle(int maxConcurrent) {
        this.maxConcurrent = maxConcurrent;
        this.fairness = new FairnessOracle(maxConcurrent);
    }

    /**
     * The view exists.
     *
     * @param dirty whether the ledger says so
     * @param neverRefreshed whether the ledger knows of no refresh
     * @param lastDuration how long the last refresh took, as the ledger says
     * @param lastRun when it began, likewise
     * @param failed whether refreshes have failed since, likewise: such a view is tried alone
     */
    void known(
            ViewSpec spec,
            boolean dirty,
            boolean neverRefreshed,
            Snapshot lastSnapshot,
            Optional<Duration> lastDuration,
            Optional<Instant> lastRun,
            boolean failed,
            Moment now) {
        fairness.known(spec, lastDuration);
        Watched view = views.get(spec.view());
        if (view == null || view.spec.oid() != spec.oid()) {
            view = new Watched(spec);
            view.lastSnapshot = lastSnapshot;
            view.commitUncertain = neverRefreshed;
            view.retrying = failed;
            view.lastRun = lastRun.orElse(now.wall());
            views.put(spec.view(), view);
            if (dirty) {
                view.reasons.add("remembered");
                fairness.waits(spec.view(), now.nanos());
            }
        }
        view.spec = spec;
    }

    void onlyKnown(Set<ViewId> ids) {
        views.keySet().retainAll(ids);
        fairness.onlyKnown(ids);
    }

    void affected(List<Impact> impacts, long now) {
        for (Impact impact : impacts) {
            Watched view = views.get(impact.view());
            if (view == null || (view.lastSnapshot != null && impact.xids().areSeenBy(view.lastSnapshot))) {
                continue;
            }
            view.reasons.add(CHANGE);
            view.sinceStart.add(impact.xids());
            view.first = view.changesWait ? view.first : now;
            view.changesWait = true;
            view.last = now;
            fairness.waits(impact.view(), now);
        }
    }

    void because(ViewId id, String reason, long now) {
        Watched view = views.get(id);
        if (view != null) {
            view.reasons.add(reason);
            fairness.waits(id, now);
        }
    }

    /** The log has not been read as far as before. */
    void logAwaited(long now) {
        fairness.logAwaited(now);
    }

    void invalidate(ViewId id, long now) {
        because(id, INVALIDATED, now);
        Watched view = views.get(id);
        if (view != null) {
            view.lastSnapshot = null;
        }
    }

    /** To be called before what the same event started. */
    void paused(List<ViewStatus> status) {
        paused = status.stream()
                .filter(view -> view.phase() == ViewPhase.PAUSED || view.phase() == ViewPhase.SUSPENDED)
                .map(ViewStatus::view)
                .collect(Collectors.toSet());
        fairness.paused(status);
    }

    /**
     * @param joined whether it takes no place: it is part of a round that has one already
     * @param together the incremental views of that round; none if it is one view's
     */
    void started(RefreshTask task, boolean joined, Set<ViewId> together, Moment now) {
        Watched view = views.get(task.view());
        assertThat(view).as("%s is known", task.view()).isNotNull();
        assertThat(running).as("never two at once").doesNotContainKey(task.view());
        running.put(task.view(), task);
        if (joined) {
            this.joined.add(task.view());
        }
        assertThat(running.size() - this.joined.size()).as("max concurrent").isLessThanOrEqualTo(maxConcurrent);
        for (ViewId upstream : upstreamOutsideOfGroup(view)) {
            if (!together.contains(upstream)) {
                assertThat(running).as("upstream of %s first", task.view()).doesNotContainKey(upstream);
            }
        }
        if (!task.refreshesAll() && !view.retrying) {
            task.basis().stack().readers().forEach(reader -> assertTakesPart(reader.view(), together, task.view()));
        }
        if (isClosed(view, now.wall())) {
            assertThat(view.reasons).as("%s waits for its window", task.view()).contains("requested");
        }
        // The first of a group is refreshed for a reason that any of them has, and the others because the first is.
        boolean accompanies = joined
                && (task.method() != Method.INCREMENTAL || task.basis().stack().accompanies());
        if (!accompanies && view.spec.timing().maxStaleness().isEmpty() && !isScheduled(view, now.wall())) {
            assertThat(group(view).flatMap(one -> one.reasons.stream()))
                    .as("I7: a reason to refresh %s", task.view())
                    .isNotEmpty();
        }
        if (view.reasons.isEmpty() && isScheduled(view, now.wall())) {
            scheduled++;
        }
        boolean wholly = task.method() != Method.INCREMENTAL || task.refreshesAll();
        view.runs = wholly ? Optional.of(now.wall()) : Optional.empty();
        fairness.started(task, joined, now.nanos());
        view.reasonsOfRunning = view.reasons;
        view.reasons = new HashSet<>();
        view.sinceStart = new HashSet<>();
        view.changesWait = false;
    }

    /** What reads a view of a round takes part in it, unless something is the matter with that view, or it has changes of its own. */
    private void assertTakesPart(ViewId reader, Set<ViewId> together, ViewId upstream) {
        Watched view = views.get(reader);
        boolean isFree = !running.containsKey(reader)
                && !paused.contains(reader)
                && !view.retrying
                && view.reasons.isEmpty()
                && view.spec.upstream().stream().allMatch(id -> together.contains(id) || !running.containsKey(id));
        assertThat(isFree && !together.contains(reader))
                .as("%s is left out of a round of %s with %s", reader, upstream, together)
                .isFalse();
    }

    /** The view and those that are refreshed together with it, as far as they are known. */
    private Stream<Watched> group(Watched view) {
        return Stream.concat(
                Stream.of(view), view.spec.together().stream().map(views::get).filter(Objects::nonNull));
    }

    private static Set<ViewId> upstreamOutsideOfGroup(Watched view) {
        Set<ViewId> upstream = new HashSet<>(view.spec.upstream());
        upstream.removeAll(view.spec.together());
        return upstream;
    }

    private static boolean isClosed(Watched view, Instant time) {
        return view.spec
                .timing()
                .window()
                .filter(window -> !window.at(time).open())
                .isPresent();
    }

    /** Whether a time of the schedule has come since the last refresh began. */
    private static boolean isScheduled(Watched view, Instant time) {
        return view.spec
                .timing()
                .schedule()
                .filter(times -> !times.next(view.lastRun.isBefore(time) ? view.lastRun : time)
                        .isAfter(time))
                .isPresent();
    }

    void ended(ViewId id, RefreshOutcome outcome, long now) {
        RefreshTask task = running.remove(id);
        joined.remove(id);
        fairness.ended(id);
        Watched view = views.get(id);
        boolean sameView = view != null && view.spec.oid() == task.oid();
        if (outcome instanceof RefreshOutcome.Refreshed refreshed) {
            if (refreshed.downstreamMarked() || (sameView && view.commitUncertain)) {
                task.downstream().stream()
                        .filter(reader -> !refreshed.carried().contains(reader))
                        .forEach(reader -> because(reader, "upstream", now));
            }
        }
        if (!sameView) {
            return;
        }
        switch (outcome) {
            case RefreshOutcome.Refreshed refreshed -> {
                view.commitUncertain = false;
                view.lastRun = view.runs.orElse(view.lastRun);
                fairness.took(id, refreshed.duration());
                holds(view, refreshed.snapshot());
            }
            case RefreshOutcome.Unchanged unchanged -> {
                assertThat(view.commitUncertain)
                        .as("%s: no look-up after a refresh that may have committed unnoticed", id)
                        .isFalse();
                holds(view, unchanged.snapshot());
            }
            case RefreshOutcome.NotVisibleYet notYet -> restoreReasons(view);
            case RefreshOutcome.Altered altered -> restoreReasons(view);
            case RefreshOutcome.NeedsAllRows all -> restoreReasons(view);
            case RefreshOutcome.Deferred deferred -> {
                if (!task.basis().stack().accompanies()) {
                    restoreReasons(view);
                }
            }
            case RefreshOutcome.OutOfTime late -> {
                fairness.failed(id, late.duration().multipliedBy(2));
                restoreReasons(view);
            }
            case RefreshOutcome.Failed failed -> {
                if (!failed.failure().isOutage()) {
                    fairness.failed(id, failed.duration());
                }
                // A statement that the server refused for good has not committed.
                view.commitUncertain |= failed.failure().kind() == Failure.Kind.TRANSIENT;
                restoreReasons(view);
            }
            case RefreshOutcome.FailedTogether failed -> {
                view.commitUncertain |= failed.failure().kind() == Failure.Kind.TRANSIENT;
                restoreReasons(view);
            }
            case RefreshOutcome.Gone gone -> views.remove(id);
        }
    }

    private void holds(Watched view, Snapshot snapshot) {
        view.retrying = false;
        if (!view.reasons.contains(INVALIDATED)) {
            view.lastSnapshot = snapshot;
        }
        if (view.reasons.equals(Set.of(CHANGE))
                && view.sinceStart.stream().allMatch(xids -> xids.areSeenBy(snapshot))) {
            fairness.waitsNoLonger(view.spec.view());
            if (view.spec.upstream().isEmpty()) {
                view.reasons.clear();
                view.changesWait = false;
                settled++;
            }
        }
        view.reasonsOfRunning = new HashSet<>();
    }

    private static void restoreReasons(Watched view) {
        view.reasons.addAll(view.reasonsOfRunning);
        view.reasonsOfRunning = new HashSet<>();
        view.retrying = true;
    }

    private boolean dependsOn(Predicate<ViewStatus> other, Watched view, List<ViewStatus> status) {
        return status.stream()
                .filter(s -> view.spec.upstream().contains(s.view()))
                .anyMatch(s -> other.test(s)
                        || (views.containsKey(s.view()) && dependsOn(other, views.get(s.view()), status)));
    }

    /** A paused view is resumed by somebody, and the end of the log that is read again wakes an incremental one. */
    private static boolean isWokenFromOutside(ViewStatus view, boolean readsAgain) {
        return view.phase() == ViewPhase.PAUSED
                || (readsAgain && view.method() == Method.INCREMENTAL && view.phase() == ViewPhase.DIRTY);
    }

    /**
     * Once a view with upstream views is fresh, earlier changes do not make later ones late. The oracle cannot know whether a
     * refresh of such a view brought what came while it ran. That the view may be called fresh is checked by {@link DataOracle}.
     */
    private static void forgetTimes(@Nullable Watched view, ViewPhase phase) {
        if (view != null && isClean(phase) && !view.spec.upstream().isEmpty()) {
            view.changesWait = false;
        }
    }

    private static boolean isClean(ViewPhase phase) {
        return phase == ViewPhase.FRESH || phase == ViewPhase.UNTRACKED;
    }

    private void checkNotLate(ViewStatus shown, Watched view, long now) {
        boolean hasPlace = fairness.hasPlaceFor(shown.view(), now);
        if (hasPlace) {
            assertThat(now - view.last)
                    .as("quiet period of %s", shown.view())
                    .isLessThan(shown.timing().quietPeriod().toNanos());
        }
        if (hasPlace || fairness.keepsTarget(shown.view())) {
            assertThat(now - view.first)
                    .as("target lag of %s", shown.view())
                    .isLessThan(shown.timing().targetLag().toNanos());
        }
    }

    /**
     * I3 and I6: a view that is due is refreshed, unless something delays it that may; and something will wake it.
     *
     * @param readsAgain whether the log is being read again, which incremental views may wait for
     */
    void check(List<ViewStatus> status, OptionalLong nextDeadline, boolean readsAgain, Moment moment) {
        long now = moment.nanos();
        // A refresh that seems to have been in the future counts as one of the present.
        views.values().stream()
                .filter(view -> view.lastRun.isAfter(moment.wall()))
                .forEach(view -> view.lastRun = moment.wall());
        for (ViewStatus shown : status) {
            Watched view = views.get(shown.view());
            if (shown.phase() == ViewPhase.WAITING) {
                assertThat(nextDeadline).as("something wakes %s", shown.view()).isPresent();
                assertThat(nextDeadline.getAsLong() - now)
                        .isLessThanOrEqualTo(Duration.ofMinutes(1).toNanos());
            }
            if (view == null || shown.phase() != ViewPhase.DIRTY || isClosed(view, moment.wall())) {
                forgetTimes(view, shown.phase());
                continue;
            }
            // It may also wait for a round, to take part in the next one.
            boolean roundRuns = running.values().stream().anyMatch(task -> task.method() == Method.INCREMENTAL);
            if ((readsAgain || roundRuns) && shown.method() == Method.INCREMENTAL) {
                continue;
            }
            assertThat(!running.isEmpty()
                            || nextDeadline.isPresent()
                            || dependsOn(s -> isWokenFromOutside(s, readsAgain), view, status))
                    .as("something wakes %s", shown.view())
                    .isTrue();
            Set<ViewId> upstreams = group(view)
                    .flatMap(one -> upstreamOutsideOfGroup(one).stream())
                    .collect(Collectors.toSet());
            boolean upstreamQuiet = upstreams.stream().noneMatch(running::containsKey)
                    && status.stream().filter(s -> upstreams.contains(s.view())).allMatch(s -> isClean(s.phase()));
            if (view.changesWait
                    && upstreamQuiet
                    && group(view)
                            .noneMatch(one -> one.retrying
                                    || fairness.mayGiveWay(one.spec.view())
                                    || running.containsKey(one.spec.view()))) {
                checkNotLate(shown, view, now);
            }
        }
        Set<ViewId> retrying = views.values().stream()
                .filter(view -> group(view).anyMatch(one -> one.retrying) || isClosed(view, moment.wall()))
                .map(view -> view.spec.view())
                .collect(Collectors.toSet());
        fairness.check(status, retrying, now);
        nextDeadline.ifPresent(at -> assertThat(at - now).as("deadline ahead").isPositive());
    }
}
