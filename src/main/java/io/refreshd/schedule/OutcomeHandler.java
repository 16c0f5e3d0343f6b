package io.refreshd.schedule;

import io.refreshd.model.Failure;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import io.refreshd.report.Lateness;
import io.refreshd.report.Notice;
import java.time.Duration;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Handles the outcome of a refresh: what the view holds now, when to try again, and which downstream views are dirty. */
final class OutcomeHandler {
    private final ViewRegistry views;
    private final Watermarks watermarks;
    private final LogProgress log;
    private final ActionBuffer actions;
    private final SchedulerSettings settings;
    private final RandomGenerator random;

    OutcomeHandler(
            ViewRegistry views,
            Watermarks watermarks,
            LogProgress log,
            ActionBuffer actions,
            SchedulerSettings settings,
            RandomGenerator random) {
        this.views = views;
        this.watermarks = watermarks;
        this.log = log;
        this.actions = actions;
        this.settings = settings;
        this.random = random;
    }

    void ended(ViewId id, RefreshOutcome outcome, Moment now) {
        RunningRefresh ended = views.refreshEnded(id);
        ViewState view = views.get(id);
        // False if the view was dropped, or dropped and created again, while its refresh ran.
        boolean sameView = view != null && ended.equals(view.running);
        if (outcome instanceof RefreshOutcome.Refreshed refreshed) {
            boolean uncertain = view != null && sameView && view.commitUncertain;
            if (refreshed.downstreamMarked() || uncertain) {
                addToDownstream(ended, refreshed, now);
            }
        }
        if (view == null || !sameView) {
            return;
        }
        view.running = null;
        view.awaitedPosition.ifPresent(log::missed);
        view.awaitedPosition = Optional.empty();
        switch (outcome) {
            case RefreshOutcome.Refreshed refreshed -> refreshed(view, ended, refreshed, now);
            case RefreshOutcome.Unchanged unchanged -> unchanged(view, ended, unchanged.snapshot());
            case RefreshOutcome.NotVisibleYet notYet -> {
                view.restorePending(ended);
                view.group.retry = view.group.retry.notVisibleYet(notYet.waitingFor(), settings, now.nanos());
            }
            case RefreshOutcome.Altered altered -> {
                view.restorePending(ended);
                view.group.retry = view.group.retry.altered(settings, now.nanos());
            }
            case RefreshOutcome.Deferred deferred -> view.restorePending(ended);
            case RefreshOutcome.NeedsAllRows all -> {
                view.restorePending(ended);
                view.pending.lookups().requireRefresh(all.why());
            }
            case RefreshOutcome.Failed failed -> failed(view, ended, failed, now);
            case RefreshOutcome.FailedTogether failed -> notRefreshed(view, ended, failed.failure());
            case RefreshOutcome.OutOfTime late -> outOfTime(view, ended, late.duration(), now);
            case RefreshOutcome.Gone gone -> {
                views.remove(id);
                actions.tell(new Notice.ViewGone(id));
                views.link();
            }
        }
    }

    private void refreshed(ViewState view, RunningRefresh ended, RefreshOutcome.Refreshed refreshed, Moment now) {
        Optional<Duration> staleness = ended.changes().staleness(now.nanos());
        actions.tell(new Notice.RefreshDone(
                view.id(),
                ended.task().method(),
                refreshed.duration(),
                staleness,
                refreshed.rowsChanged(),
                refreshed.recomputed()));
        staleness.ifPresent(age -> tellIfLate(view, ended, age, refreshed.duration(), now));
        if (ended.task().method() != Method.INCREMENTAL
                || ended.task().refreshesAll()
                || !ended.task().basis().clock().isEmpty()) {
            view.lastBegan = ended.startedAt();
            view.calendar.ran(ended.since());
        }
        view.refreshes++;
        view.refreshedAt = Optional.of(refreshed.finishedAt());
        view.recordDuration(refreshed.duration());
        view.commitUncertain = false;
        holds(view, ended, refreshed.snapshot());
    }

    /** Whoever asked for a refresh while the window was closed did not wait for the window: then no lag is promised. */
    private void tellIfLate(ViewState view, RunningRefresh ended, Duration staleness, Duration took, Moment now) {
        Duration target = view.spec.timing().targetLag();
        Duration counted = view.calendar.counted(view.spec.timing(), staleness, now.nanos());
        boolean promised = !ended.requested() || view.spec.timing().window().isEmpty();
        if (promised && counted.compareTo(target) > 0) {
            Lateness cause = ended.changes().delays().mainCause(took.toNanos(), ended.expected(), target.toNanos());
            actions.tell(new Notice.TargetLagMissed(view.id(), staleness, target, cause));
        }
    }

    private void unchanged(ViewState view, RunningRefresh ended, Snapshot snapshot) {
        actions.tell(new Notice.RefreshAvoided(view.id(), Notice.Avoided.LOOKUP));
        holds(view, ended, snapshot);
    }

    /** The view holds everything that the snapshot sees. */
    private void holds(ViewState view, RunningRefresh ended, Snapshot snapshot) {
        view.coveredMark = Math.max(view.coveredMark, ended.task().covers());
        int failures = view.group.retry.failures();
        view.group.retry = view.group.retry.succeeded();
        if (failures > 0) {
            view.group.remember().forEach(actions::add);
        }
        if (!view.pending.invalidated()) {
            view.lastWatermark =
                    Watermarks.newer(view.lastWatermark, ended.task().routed());
            view.lastSnapshot = Optional.of(snapshot);
        }
        if (view.pending.isPresent() && view.pending.allSeenBy(snapshot) && !upstreamMayHaveMarked(view)) {
            settlePending(view);
        }
    }

    /** The view holds the changes that came while its refresh ran: a transaction in many batches costs one refresh. */
    private void settlePending(ViewState view) {
        long mark = view.pending.mark();
        view.pending = view.noChanges();
        actions.tell(new Notice.RefreshAvoided(view.id(), Notice.Avoided.COALESCED));
        if (mark > view.coveredMark) {
            view.coveredMark = mark;
            actions.add(new Action.Settle(view.id(), view.spec.oid(), mark, watermarks.current(view)));
        }
    }

    /**
     * Whether a refresh of an upstream view, one that runs or whose commit is uncertain, may have marked this view with a number
     * below the one to be settled. Settling would cover that mark too, and a crash after it would lose the change. The refresh of a group
     * marks none of its views.
     */
    private boolean upstreamMayHaveMarked(ViewState view) {
        return view.spec.upstream().stream().anyMatch(id -> {
            ViewState upstream = views.get(id);
            return upstream == null
                    || (upstream.group != view.group && (views.isRunning(id) || upstream.commitUncertain));
        });
    }

    /** The view counts as long from now on, also if the limit for that should rise somewhat, and is due as before. */
    private static void outOfTime(ViewState view, RunningRefresh ended, Duration duration, Moment now) {
        view.restorePending(ended);
        view.recordFailure(duration.multipliedBy(2));
        view.spec
                .timing()
                .maxStaleness()
                .ifPresent(age -> view.lastBegan = Deadlines.earlier(view.lastBegan, now.nanos() - age.toNanos()));
    }

    private void failed(ViewState view, RunningRefresh ended, RefreshOutcome.Failed failed, Moment now) {
        Failure failure = failed.failure();
        if (!failure.isOutage()) {
            view.recordFailure(failed.duration());
        }
        boolean changedMeanwhile = view.pending.isPresent();
        view.group.retry = view.group.retry.failed(failure, settings, now.nanos(), random);
        if (changedMeanwhile) {
            view.group.retry = view.group.retry.sourceChanged(view.spec.timing(), now.nanos());
        }
        notRefreshed(view, ended, failure);
        view.group.remember().forEach(actions::add);
    }

    private void notRefreshed(ViewState view, RunningRefresh ended, Failure failure) {
        view.restorePending(ended);
        if (failure.kind() != Failure.Kind.PERMANENT) {
            // The connection may have been lost after the server had committed.
            view.commitUncertain = true;
            view.maybeCoveredMark = Math.max(view.maybeCoveredMark, ended.task().covers());
        }
        actions.tell(new Notice.RefreshFailed(view.id(), ended.task().method(), failure, view.group.retry.failures()));
    }

    /**
     * The view has changed, so its downstream views lack what it got. Not so those that the same round has brought up to date.
     */
    private void addToDownstream(RunningRefresh ended, RefreshOutcome.Refreshed refreshed, Moment now) {
        long mark = ended.task().downstreamMark();
        for (ViewId id : ended.task().downstream()) {
            ViewState view = views.get(id);
            if (view == null || refreshed.carried().contains(id)) {
                continue;
            }
            watermarks.freeze(view);
            view.pending.addFromUpstream(
                    ended.changes(), view.spec.followsRowsOf(ended.task().view()), now.nanos());
            view.group.retry = view.group.retry.sourceChanged(view.spec.timing(), now.nanos());
            view.pending.raiseMark(mark);
            view.newestMark = Math.max(view.newestMark, mark);
            if (refreshed.downstreamMarked()) {
                view.durableMark = Math.max(view.durableMark, mark);
            }
        }
    }
}
