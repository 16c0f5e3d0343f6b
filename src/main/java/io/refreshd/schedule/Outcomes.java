package io.refreshd.schedule;

import io.refreshd.model.Failure;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import io.refreshd.report.Lateness;
import io.refreshd.report.Notice;
import java.time.Duration;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Draws the conclusions from a refresh that ended. */
final class Outcomes {
    private final Views views;
    private final Actions out;
    private final SchedulerSettings settings;
    private final RandomGenerator random;

    Outcomes(Views views, Actions out, SchedulerSettings settings, RandomGenerator random) {
        this.views = views;
        this.out = out;
        this.settings = settings;
        this.random = random;
    }

    void ended(ViewId id, RefreshOutcome outcome, Moment now) {
        Running ended = views.ended(id);
        TrackedView view = views.get(id);
        boolean stillMeant = view != null && ended.equals(view.running);
        if (outcome instanceof RefreshOutcome.Refreshed refreshed) {
            boolean doubtful = view != null && stillMeant && view.downstreamInvalid;
            if (refreshed.downstreamMarked() || doubtful) {
                passOn(ended, refreshed.downstreamMarked(), now);
            }
        }
        if (view == null || !stillMeant) {
            return;
        }
        view.running = null;
        view.asks.ifPresent(views::missed);
        view.asks = Optional.empty();
        switch (outcome) {
            case RefreshOutcome.Refreshed refreshed -> refreshed(view, ended, refreshed, now);
            case RefreshOutcome.Unchanged unchanged -> unchanged(view, ended, unchanged.snapshot());
            case RefreshOutcome.NotVisibleYet notYet -> {
                view.takeBack(ended);
                view.health = view.health.unseen(notYet.waitingFor(), settings, now.nanos());
            }
            case RefreshOutcome.Failed failed -> failed(view, ended, failed.failure(), now);
            case RefreshOutcome.Gone gone -> {
                views.remove(id);
                out.tell(new Notice.ViewGone(id));
                views.link();
            }
        }
    }

    private void refreshed(TrackedView view, Running ended, RefreshOutcome.Refreshed refreshed, Moment now) {
        Optional<Duration> staleness = ended.needs().staleness(now.nanos());
        out.tell(new Notice.RefreshDone(
                view.id(), ended.task().method(), refreshed.duration(), staleness, refreshed.rowsChanged()));
        Duration target = view.spec.timing().targetLag();
        if (staleness.isPresent() && staleness.get().compareTo(target) > 0) {
            Lateness reason =
                    ended.needs().delays().reason(refreshed.duration().toNanos(), ended.expected(), target.toNanos());
            out.tell(new Notice.TargetLagMissed(view.id(), staleness.get(), target, reason));
        }
        view.lastBegan = ended.startedAt();
        view.refreshes++;
        view.refreshedAt = Optional.of(refreshed.finishedAt());
        view.learn(refreshed.duration());
        view.downstreamInvalid = false;
        holds(view, ended, refreshed.snapshot());
    }

    private void unchanged(TrackedView view, Running ended, Snapshot snapshot) {
        out.tell(new Notice.RefreshAvoided(view.id(), Notice.Avoided.PROBE));
        holds(view, ended, snapshot);
    }

    /** Everything that the snapshot sees is in the view. */
    private void holds(TrackedView view, Running ended, Snapshot snapshot) {
        view.covered = Math.max(view.covered, ended.task().covers());
        int failures = view.health.failures();
        view.health = view.health.succeeded();
        if (failures > 0) {
            out.add(view.remember());
        }
        if (!view.waiting.invalidate()) {
            view.claimed = Views.newer(view.claimed, ended.task().routed());
            view.seen = Optional.of(snapshot);
        }
        if (view.waiting.present() && view.waiting.heldBy(snapshot) && !upstreamMayHaveMarked(view)) {
            settle(view);
        }
    }

    /** The changes that came while it ran are in it: a transaction that came in many batches costs one refresh. */
    private void settle(TrackedView view) {
        long number = view.waiting.number();
        view.waiting = new Needs();
        out.tell(new Notice.RefreshAvoided(view.id(), Notice.Avoided.COALESCED));
        if (number > view.covered) {
            view.covered = number;
            out.add(new Action.Settle(view.id(), view.spec.oid(), number, views.watermark(view)));
        }
    }

    /**
     * A refresh of an upstream view that runs, or whose end is uncertain, may have marked this view with a number below the
     * one to be settled; settling would cover that mark too, and if the program died then the change would be lost.
     */
    private boolean upstreamMayHaveMarked(TrackedView view) {
        return view.spec.upstream().stream().anyMatch(id -> {
            TrackedView upstream = views.get(id);
            return views.isRunning(id) || upstream == null || upstream.downstreamInvalid;
        });
    }

    private void failed(TrackedView view, Running ended, Failure failure, Moment now) {
        view.takeBack(ended);
        view.health = view.health.failed(failure, settings, now.nanos(), random);
        if (failure.kind() == Failure.Kind.TRANSIENT) {
            // The connection may have been lost after the server had committed.
            view.downstreamInvalid = true;
            view.maybeCovered = Math.max(view.maybeCovered, ended.task().covers());
        }
        out.tell(new Notice.RefreshFailed(view.id(), ended.task().method(), failure, view.health.failures()));
        out.add(view.remember());
    }

    /** The view has changed, so what stands on it lacks what it brought; the mark came with the refresh's own transaction. */
    private void passOn(Running ended, boolean durable, Moment now) {
        long number = ended.task().downstreamMark();
        for (ViewId id : ended.task().downstream()) {
            TrackedView view = views.get(id);
            if (view == null) {
                continue;
            }
            views.keepClaim(view);
            view.waiting.addFromUpstream(ended.needs(), now.nanos());
            view.waiting.number(number);
            view.newest = Math.max(view.newest, number);
            if (durable) {
                view.durable = Math.max(view.durable, number);
            }
        }
    }
}
