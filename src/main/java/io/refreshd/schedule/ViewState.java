package io.refreshd.schedule;

import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import io.refreshd.report.ViewPhase;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * State that the scheduler keeps of one view.
 *
 * <p>Thread: the scheduler's alone.
 */
final class ViewState {
    /** Weight of the newest duration in the expected one: a few refreshes are enough to follow a view that grows. */
    private static final double WEIGHT_OF_NEWEST = 0.3;

    private static final String LOCK_NOT_AVAILABLE = "55P03";

    ViewSpec spec;
    PendingChanges pending;

    @Nullable RunningRefresh running;

    /** The running refresh waits for the changes until the log has been read up to this position. */
    Optional<Lsn> awaitedPosition = Optional.empty();

    /** Whether what the view lacks has to come from the log once more. */
    Resumption resumption = Resumption.NONE;

    final ViewCalendar calendar;
    /** The views that are refreshed together with this one, itself among them. */
    ViewGroup group;

    ViewPhase phase = ViewPhase.FRESH;
    boolean paused;
    /** Whether an operator asked for a refresh that has not started yet. */
    boolean requested;

    long requestedAt;
    /** How many refreshes were started, look-ups that found nothing included. */
    long starts;
    /** Watermark that the view had when it was last clean or refreshed. */
    Optional<Lsn> lastWatermark;
    /** Snapshot of the last refresh. */
    Optional<Snapshot> lastSnapshot;

    Optional<Instant> refreshedAt;
    Optional<Duration> lastDuration;
    long refreshes;
    private long expected;
    /**
     * Monotonic time when the last refresh began, as far as is known. A look-up that found nothing does not count, nor does a round that
     * recomputed some rows: {@code max-staleness} is for what no change in the log tells of.
     */
    long lastBegan;
    /** The newest dirty mark that is in the ledger for certain. */
    long durableMark;
    /** The newest dirty mark that a finished refresh covers. */
    long coveredMark;
    /** The newest dirty mark covered by a refresh that may have committed although it failed. */
    long maybeCoveredMark;
    /** The newest dirty mark that the view ever had. */
    long newestMark;
    /**
     * Whether a refresh may have committed unnoticed: it failed, or the ledger knows of none. Then the downstream views may have
     * missed that the view changed, and "nothing differs" found by the next look-up would not tell them.
     */
    boolean commitUncertain;

    /** @param mark the dirty mark that the view gets if the ledger says "dirty" */
    ViewState(ViewSpec spec, LedgerEntry entry, long mark, Moment now, WallClock clock) {
        this.spec = spec;
        this.calendar =
                new ViewCalendar(clock, RememberedState.lastBegan(entry, now), entry.closedUntil(), now.nanos());
        this.pending = noChanges();
        this.paused = entry.paused();
        this.lastWatermark = entry.watermark();
        this.lastSnapshot = entry.snapshot();
        this.refreshedAt = entry.refreshedAt();
        this.lastDuration = entry.lastDuration();
        this.expected = entry.lastDuration().map(Duration::toNanos).orElse(0L);
        this.commitUncertain = entry.refreshedAt().isEmpty();
        this.group = ViewGroup.of(this, RememberedState.retryState(entry, now));
        this.lastBegan = now.nanos() - RememberedState.sinceRefresh(spec, entry, now);
        if (entry.dirty()) {
            resumption = Resumption.of(spec, entry);
            pending.addFromLedger(entry.dirtySince(), now, resumption != Resumption.NONE);
            pending.raiseMark(mark);
            newestMark = mark;
            durableMark = mark;
        }
    }

    /** For the changes that come from now on. */
    final PendingChanges noChanges() {
        return new PendingChanges(
                incremental() ? PendingLookups.KEYS_WORTH_RECOMPUTING : PendingLookups.KEYS_WORTH_PROBING);
    }

    final boolean incremental() {
        return spec.method() == Method.INCREMENTAL;
    }

    ViewId id() {
        return spec.view();
    }

    /** Whether a change is known that the view does not hold for certain. */
    boolean dirty() {
        return pending.isPresent() || (running != null && running.changes().isPresent());
    }

    /** Whether the rows that changed are known of all changes that the view lacks, or will be. */
    boolean goesByRows() {
        return pending.lookups().required().isEmpty()
                && (running == null || running.changes().lookups().required().isEmpty());
    }

    /** Monotonic time since which the view has lacked a change; only to be asked if {@link #dirty} is true. */
    long lacksSince() {
        if (running == null || !running.changes().isPresent()) {
            return pending.since();
        }
        long before = running.changes().since();
        return pending.isPresent() ? Deadlines.earlier(before, pending.since()) : before;
    }

    /** Whether the view lacks no change that is known, and no refresh is about to change it or may have done so unnoticed. */
    boolean cleanAndIdle() {
        return !dirty() && running == null && !suspended() && !commitUncertain;
    }

    /** Whether the ledger says "dirty" for certain, and would still say so after the refresh that is running, if one is. */
    boolean durablyDirty() {
        long known = Math.max(coveredMark, maybeCoveredMark);
        return durableMark
                > (running == null ? known : Math.max(known, running.task().covers()));
    }

    /** Whether the last refresh failed because of somebody's lock. */
    boolean failedForLock() {
        return group.retry instanceof RetryState.BackingOff backingOff
                && backingOff.failure().sqlState().equals(LOCK_NOT_AVAILABLE);
    }

    boolean suspended() {
        return spec.obstacle().isPresent() || group.retry.suspension().isPresent();
    }

    /** Whether no refresh is tried until an operator, or a change of the catalog, ends the suspension. */
    boolean stopped() {
        return spec.obstacle().isPresent() || group.retry instanceof RetryState.Suspended;
    }

    Optional<Obstacle> suspensionReason() {
        return spec.obstacle().or(() -> storedSuspension());
    }

    /** The suspension that the ledger keeps. An obstacle in the catalog is not stored: it is read from the catalog again. */
    Optional<Obstacle> storedSuspension() {
        return group.retry.suspension();
    }

    /** Whether there is a reason to refresh the view, now or at some time. */
    boolean wantsRefresh() {
        return requested
                || pending.isPresent()
                || spec.timing().maxStaleness().isPresent()
                || spec.timing().schedule().isPresent();
    }

    /**
     * Whether neither time nor another view can change anything about the view. That is true of most views at most events and
     * cheap to see, so that a thousand of them do not cost a thousand decisions for each event. A view with upstream views, or in a
     * group of several, is never quiescent.
     */
    boolean quiescent() {
        return phase == ViewPhase.FRESH
                && running == null
                && !wantsRefresh()
                && !paused
                && !suspended()
                && spec.timing().window().isEmpty()
                && calendar.inLedger().isEmpty()
                && spec.upstream().isEmpty()
                && !group.isOfSeveral();
    }

    /** When the refresh falls due; only to be asked if {@link #wantsRefresh} is true. */
    long dueAt(long now) {
        OptionalLong due = calendar.scheduledAt(spec.timing(), now);
        if (spec.timing().maxStaleness().isPresent()) {
            due = OptionalLong.of(
                    Deadlines.earlier(due, timeout(spec.timing().maxStaleness().get())));
        }
        if (pending.isPresent()) {
            due = OptionalLong.of(Deadlines.earlier(due, pending.dueAt(spec.timing(), group.expected())));
        }
        if (requested) {
            due = OptionalLong.of(Deadlines.earlier(due, requestedAt));
        }
        return due.orElse(0);
    }

    /** Whether it is known how long a refresh takes, be it one that failed. */
    boolean durationKnown() {
        return lastDuration.isPresent() || expected > 0;
    }

    /** When the target lag of what the view lacks has passed; only to be asked if {@link #wantsRefresh} is true. */
    long lateAt(long now) {
        return Deadlines.earlier(pending.oldestCommitNanos(), dueAt(now))
                + spec.timing().targetLag().toNanos();
    }

    /** When a refresh has to start to bring the pending changes within the target lag; empty: it is not known how old they are. */
    OptionalLong latestStart() {
        OptionalLong oldest = pending.oldestCommitNanos();
        return oldest.isEmpty()
                ? oldest
                : OptionalLong.of(oldest.getAsLong() + spec.timing().targetLag().toNanos() - group.expected());
    }

    /** When the window opens that a refresh has to wait for; empty: none has to, for somebody asked for one, or the window is open. */
    OptionalLong opensAt(long now) {
        return requested ? OptionalLong.empty() : calendar.opensAt(spec.timing(), now);
    }

    /** Whether the schedule asks for a refresh. */
    boolean scheduleReached(long now) {
        OptionalLong at = calendar.scheduledAt(spec.timing(), now);
        return at.isPresent() && at.getAsLong() - now <= 0;
    }

    /** Whether the last refresh began longer ago than {@code max-staleness}. */
    boolean maxStalenessReached(long now) {
        return spec.timing()
                .maxStaleness()
                .filter(age -> timeout(age) - now <= 0)
                .isPresent();
    }

    /** Whether a refresh waits until the log has been read again. While the log is not read, every source is untracked. */
    boolean awaitsLog(long now) {
        boolean needsNone =
                requested || spec.untracked().isPresent() || maxStalenessReached(now) || scheduleReached(now);
        return resumption != Resumption.NONE && !needsNone;
    }

    /** When the view waits for the log no longer; empty: it does not wait, or time does not end it. */
    OptionalLong awaitsLogUntil() {
        return resumption == Resumption.NONE || spec.timing().maxStaleness().isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(timeout(spec.timing().maxStaleness().get()));
    }

    private long timeout(Duration maxStaleness) {
        return lastBegan + maxStaleness.toNanos();
    }

    /** Expected duration of a refresh, in nanoseconds. */
    long expected() {
        return expected;
    }

    void recordDuration(Duration duration) {
        long nanos = duration.toNanos();
        expected = durationKnown() ? expected + (long) (WEIGHT_OF_NEWEST * (nanos - expected)) : nanos;
        lastDuration = Optional.of(duration);
    }

    /** Otherwise a view that was quick once, and whose refreshes have failed at the time limit since, would count as quick. */
    void recordFailure(Duration duration) {
        expected = Math.max(expected, duration.toNanos());
    }

    /** The refresh did not take place: its changes are pending again, together with those that came meanwhile. */
    void restorePending(RunningRefresh failed) {
        failed.changes().merge(pending);
        pending = failed.changes();
        if (failed.requested() && !requested) {
            requested = true;
            requestedAt = failed.startedAt();
        }
    }

    /** The action that writes pause, failures, suspension and window to the ledger. */
    Action.Remember remember() {
        return new Action.Remember(id(), group.retry.failures(), paused, calendar.inLedger(), storedSuspension());
    }
}
