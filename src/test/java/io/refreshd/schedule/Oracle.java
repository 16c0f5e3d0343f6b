package io.refreshd.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Failure;
import io.refreshd.model.Impact;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xids;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;

/** Watches one run of a scheduler from outside and knows, by other means, what it may do and must do. */
@NullUnmarked // Its maps hold what they are asked for; if not, the test is to fail.
final class Oracle {
    private static final class Watched {
        ViewSpec spec;
        /** Reasons for a refresh that starts later. */
        Set<String> reasons = new HashSet<>();

        Set<String> inFlight = new HashSet<>();
        Set<Xids> sinceStart = new HashSet<>();
        Snapshot seen;
        boolean mayHaveCommitted;
        boolean timed;
        long first;
        long last;
        boolean held;

        Watched(ViewSpec spec) {
            this.spec = spec;
        }
    }

    private static final String CHANGE = "change";

    private final int maxConcurrent;
    private final Map<ViewId, Watched> views = new TreeMap<>();
    final Map<ViewId, RefreshTask> running = new HashMap<>();
    int settled;

    Oracle(int maxConcurrent) {
        this.maxConcurrent = maxConcurrent;
    }

    void known(ViewSpec spec, boolean dirty, boolean fresh, Snapshot seen) {
        Watched view = views.get(spec.view());
        if (view == null || view.spec.oid() != spec.oid()) {
            view = new Watched(spec);
            view.seen = seen;
            view.mayHaveCommitted = fresh;
            views.put(spec.view(), view);
            if (dirty) {
                view.reasons.add("remembered");
            }
        }
        view.spec = spec;
    }

    void onlyKnown(Set<ViewId> ids) {
        views.keySet().retainAll(ids);
    }

    void affected(List<Impact> impacts, long now) {
        for (Impact impact : impacts) {
            Watched view = views.get(impact.view());
            if (view == null || (view.seen != null && impact.xids().areSeenBy(view.seen))) {
                continue;
            }
            view.reasons.add(CHANGE);
            view.sinceStart.add(impact.xids());
            view.first = view.timed ? view.first : now;
            view.timed = true;
            view.last = now;
        }
    }

    void because(ViewId id, String reason) {
        Watched view = views.get(id);
        if (view != null) {
            view.reasons.add(reason);
        }
    }

    void invalidate(ViewId id) {
        because(id, "doubt");
        Watched view = views.get(id);
        if (view != null) {
            view.seen = null;
        }
    }

    void started(RefreshTask task) {
        Watched view = views.get(task.view());
        assertThat(view).as("%s is known", task.view()).isNotNull();
        assertThat(running).as("never two at once").doesNotContainKey(task.view());
        running.put(task.view(), task);
        assertThat(running.size()).as("max concurrent").isLessThanOrEqualTo(maxConcurrent);
        for (ViewId upstream : view.spec.upstream()) {
            assertThat(running).as("upstream of %s first", task.view()).doesNotContainKey(upstream);
        }
        if (view.spec.timing().maxStaleness().isEmpty()) {
            assertThat(view.reasons)
                    .as("I7: a reason to refresh %s", task.view())
                    .isNotEmpty();
        }
        view.inFlight = view.reasons;
        view.reasons = new HashSet<>();
        view.sinceStart = new HashSet<>();
        view.timed = false;
    }

    void ended(ViewId id, RefreshOutcome outcome) {
        RefreshTask task = running.remove(id);
        Watched view = views.get(id);
        boolean meant = view != null && view.spec.oid() == task.oid();
        if (outcome instanceof RefreshOutcome.Refreshed refreshed) {
            if (refreshed.downstreamMarked() || (meant && view.mayHaveCommitted)) {
                task.downstream().forEach(d -> because(d, "upstream"));
            }
        }
        if (!meant) {
            return;
        }
        switch (outcome) {
            case RefreshOutcome.Refreshed refreshed -> {
                view.mayHaveCommitted = false;
                holds(view, refreshed.snapshot());
            }
            case RefreshOutcome.Unchanged unchanged -> {
                assertThat(view.mayHaveCommitted)
                        .as("%s: nothing to be said of what a refresh before it may have changed", id)
                        .isFalse();
                holds(view, unchanged.snapshot());
            }
            case RefreshOutcome.NotVisibleYet notYet -> giveBack(view);
            case RefreshOutcome.Failed failed -> {
                // One that the server refused for good has not.
                view.mayHaveCommitted |= failed.failure().kind() == Failure.Kind.TRANSIENT;
                giveBack(view);
            }
            case RefreshOutcome.Gone gone -> views.remove(id);
        }
    }

    private void holds(Watched view, Snapshot snapshot) {
        view.held = false;
        if (!view.reasons.contains("doubt")) {
            view.seen = snapshot;
        }
        if (view.spec.upstream().isEmpty()
                && view.reasons.equals(Set.of(CHANGE))
                && view.sinceStart.stream().allMatch(xids -> xids.areSeenBy(snapshot))) {
            view.reasons.clear();
            view.timed = false;
            settled++;
        }
        view.inFlight = new HashSet<>();
    }

    /** After an attempt that failed the next one is set by other rules than the due time. */
    private static void giveBack(Watched view) {
        view.reasons.addAll(view.inFlight);
        view.inFlight = new HashSet<>();
        view.held = true;
    }

    private boolean standsOnAPausedView(Watched view, List<ViewStatus> status) {
        return status.stream()
                .filter(s -> view.spec.upstream().contains(s.view()))
                .anyMatch(s -> s.phase() == ViewPhase.PAUSED
                        || (views.containsKey(s.view()) && standsOnAPausedView(views.get(s.view()), status)));
    }

    /**
     * Of a view that stands on others nobody here knows whether a refresh brought what came while it ran; what it was told
     * before it was fresh does not make what comes next late. Whether it may be called fresh is checked against the data.
     */
    private static void forgetTimes(@Nullable Watched view, ViewPhase phase) {
        if (view != null && phase == ViewPhase.FRESH && !view.spec.upstream().isEmpty()) {
            view.timed = false;
        }
    }

    /** I3 and I6: what is due runs unless something that may hold it up does; and something will wake it. */
    void check(List<ViewStatus> status, OptionalLong nextDeadline, long now) {
        for (ViewStatus shown : status) {
            Watched view = views.get(shown.view());
            if (view == null || shown.phase() != ViewPhase.DIRTY) {
                forgetTimes(view, shown.phase());
                continue;
            }
            assertThat(!running.isEmpty() || nextDeadline.isPresent() || standsOnAPausedView(view, status))
                    .as("something wakes %s", shown.view())
                    .isTrue();
            boolean upstreamQuiet = view.spec.upstream().stream().noneMatch(running::containsKey)
                    && status.stream()
                            .filter(s -> view.spec.upstream().contains(s.view()))
                            .allMatch(s -> s.phase() == ViewPhase.FRESH);
            if (view.timed
                    && !view.held
                    && upstreamQuiet
                    && running.size() < maxConcurrent
                    && !running.containsKey(shown.view())) {
                Duration quiet = shown.timing().quietPeriod();
                Duration target = shown.timing().targetLag();
                assertThat(now - view.last)
                        .as("quiet period of %s", shown.view())
                        .isLessThan(quiet.toNanos());
                assertThat(now - view.first)
                        .as("target lag of %s", shown.view())
                        .isLessThan(target.toNanos());
            }
        }
        nextDeadline.ifPresent(at -> assertThat(at - now).as("deadline ahead").isPositive());
    }
}
