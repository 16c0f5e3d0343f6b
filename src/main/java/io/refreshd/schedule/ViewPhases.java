package io.refreshd.schedule;

import io.refreshd.model.Lsn;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Derives what users see of a view: its phase, the reason for the phase, and its status. */
final class ViewPhases {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm VV", Locale.ROOT);

    private static final Obstacle NO_POSITION =
            new Obstacle("no refresh has brought it to a known position of the log yet", Remedy.NONE);

    private final ViewRegistry views;
    private final Watermarks watermarks;
    private final Readiness readiness;

    ViewPhases(ViewRegistry views, Watermarks watermarks, Readiness readiness) {
        this.views = views;
        this.watermarks = watermarks;
        this.readiness = readiness;
    }

    ViewPhase phase(ViewState view, long now) {
        if (view.running != null) {
            return whileRefreshing(view);
        } else if (view.paused) {
            return ViewPhase.PAUSED;
        } else if (view.suspended()) {
            return ViewPhase.SUSPENDED;
        } else if (readiness.stale(view) && readiness.suspendedUpstream(view).isPresent()) {
            return ViewPhase.BLOCKED;
        } else if (readiness.waitsForWindowOf(view, now).isPresent()) {
            return ViewPhase.WAITING;
        } else if (view.group.retry instanceof RetryState.BackingOff && view.group.retry.delaysRetry(now)) {
            return ViewPhase.BACKING_OFF;
        }
        return readiness.stale(view) ? ViewPhase.DIRTY : ViewPhase.FRESH;
    }

    /**
     * An attempt to end a suspension leaves the view suspended until it has succeeded, and a refresh by the clock leaves a blocked view
     * blocked. Otherwise the phase would go to and fro.
     */
    private ViewPhase whileRefreshing(ViewState view) {
        if (view.group.retry.suspension().isPresent()) {
            return ViewPhase.SUSPENDED;
        }
        boolean blocked = view.phase == ViewPhase.BLOCKED
                && readiness.stale(view)
                && readiness.suspendedUpstream(view).isPresent();
        return blocked ? ViewPhase.BLOCKED : ViewPhase.REFRESHING;
    }

    Optional<Obstacle> reason(ViewState view, ViewPhase phase, long now) {
        return switch (phase) {
            case SUSPENDED -> view.suspensionReason();
            case BLOCKED -> readiness.suspendedUpstream(view).map(ViewPhases::blockedBy);
            case PAUSED -> Optional.of(new Obstacle("paused by request", Remedy.text("refreshd resume " + view.id())));
            case BACKING_OFF, DIRTY, REFRESHING, FRESH ->
                retryReason(view.group.retry)
                        .or(() -> watermarks.untracked(view))
                        .or(() -> watermarks.frozen(view));
            case UNTRACKED -> reason(view, ViewPhase.FRESH, now).or(() -> Optional.of(NO_POSITION));
            case WAITING -> readiness.waitsForWindowOf(view, now).map(waiting -> waitsForWindow(view, waiting, now));
        };
    }

    private static Obstacle waitsForWindow(ViewState view, ViewState waiting, long now) {
        Timing timing = waiting.spec.timing();
        String until = timing.window()
                .flatMap(window ->
                        waiting.calendar.closedUntil(timing, now).map(at -> TIME.format(at.atZone(window.zone()))))
                .orElseThrow();
        return new Obstacle(
                (view.equals(waiting) ? "waits" : "stands on " + waiting.id() + ", which waits")
                        + " for its window until " + until,
                Remedy.text("it passes by itself; without waiting: refreshd refresh " + waiting.id()));
    }

    private static Obstacle blockedBy(ViewState upstream) {
        Obstacle cause = upstream.suspensionReason().orElseThrow();
        return new Obstacle("stands on " + upstream.id() + ", which is suspended: " + cause.what(), cause.remedy());
    }

    private static Optional<Obstacle> retryReason(RetryState retry) {
        return switch (retry) {
            case RetryState.AwaitingVisibility awaiting ->
                Optional.of(new Obstacle(
                        "waits for transaction " + awaiting.xid() + ", which has committed but is not visible yet",
                        Remedy.text("it passes by itself; with synchronous replication, when a standby confirms")));
            case RetryState.AwaitingCatalog awaiting ->
                Optional.of(new Obstacle(
                        "waits until the catalog is read again: the view, or something that it reads, was altered a moment ago",
                        Remedy.text("it passes by itself")));
            case RetryState.BackingOff failed -> Optional.of(failed.failure().asObstacle());
            case RetryState.Healthy healthy -> Optional.empty();
            case RetryState.Retrying retrying -> Optional.empty();
            case RetryState.Suspended suspended -> suspended.suspension();
            case RetriedSuspension suspended -> suspended.suspension();
        };
    }

    List<ViewStatus> status(long now) {
        Map<ViewState, Instant> missing = oldestMissing();
        Map<ViewId, Optional<Lsn>> claims = watermarks.ofAll();
        return views.all().stream()
                .map(view -> status(
                        view,
                        Optional.ofNullable(missing.get(view)),
                        claims.getOrDefault(view.id(), Optional.empty()),
                        now))
                .toList();
    }

    private ViewStatus status(ViewState view, Optional<Instant> missing, Optional<Lsn> watermark, long now) {
        ViewPhase phase = view.phase == ViewPhase.FRESH && watermark.isEmpty() ? ViewPhase.UNTRACKED : view.phase;
        return new ViewStatus(
                view.id(),
                phase,
                view.spec.timing(),
                view.spec.method(),
                missing,
                watermark,
                // The scheduler knows positions only; the ingest knows which commit time belongs to one.
                Optional.empty(),
                view.refreshedAt,
                view.lastDuration,
                view.refreshes,
                view.group.retry.failures(),
                Optional.ofNullable(view.running).map(RunningRefresh::since),
                reason(view, phase, now));
    }

    /** For each view that lacks a change, be it one that its upstream views lack too, when the oldest of them was committed. */
    private Map<ViewState, Instant> oldestMissing() {
        Map<ViewState, Instant> oldest = new HashMap<>();
        for (ViewState view : views.allUpstreamFirst()) {
            Stream.of(
                            view.pending.oldestCommit().stream(),
                            view.running == null
                                    ? Stream.<Instant>empty()
                                    : view.running.changes().oldestCommit().stream(),
                            views.upstream(view).flatMap(one -> Optional.ofNullable(oldest.get(one)).stream()))
                    .flatMap(each -> each)
                    .min(Instant::compareTo)
                    .ifPresent(instant -> oldest.put(view, instant));
        }
        return oldest;
    }
}
