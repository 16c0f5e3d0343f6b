package io.refreshd.schedule;

import io.refreshd.model.Impact;
import io.refreshd.model.Moment;
import io.refreshd.model.Snapshot;
import io.refreshd.model.Timing;
import io.refreshd.model.Xids;
import io.refreshd.report.Lateness;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Changes that one view lacks: those that came since its last refresh began. There is one object for each refresh to come.
 * When the refresh starts it takes the object along, and a refresh that fails gives the object back.
 */
final class PendingChanges {
    /**
     * Transactions remembered while a refresh runs, in the hope that its snapshot saw them all. After more than these the hope
     * is vain, and the memory is worth more than a refresh that would have been due anyway.
     */
    static final int XIDS_WORTH_KEEPING = 1_000;

    /** Beyond this an age says nothing more, and arithmetic in nanoseconds stays far from its limits. */
    private static final Duration OLDEST_AGE = Duration.ofDays(365);

    /** The sets of the impacts themselves, which many views share: a thousand views that lack the same must not copy it. */
    private final List<Xids> xids = new ArrayList<>();

    private final DelayBreakdown delays = new DelayBreakdown();
    private final PendingLookups lookups;
    private long mark;
    /** Whether some of the changes have no known transaction id, so that no snapshot can prove them visible. */
    private boolean withoutXid;

    private boolean invalidated;
    private @Nullable Instant oldestCommit;
    /** The oldest commit on the monotonic clock. */
    private long oldestCommitNanos;
    /** Whether changes were routed, for which the quiet period and the target lag count. */
    private boolean routed;

    private long firstRouted;
    private long lastRouted;
    /** Whether something does not wait for the quiet period. */
    private boolean immediate;

    private long immediateAt;

    /** @param mostKeys after changes of more rows than these no rows are remembered */
    PendingChanges(int mostKeys) {
        this.lookups = new PendingLookups(mostKeys);
    }

    boolean isPresent() {
        return routed || immediate;
    }

    /** The newest dirty mark given for these changes; it may not be in the ledger yet. Zero: none was given. */
    long mark() {
        return mark;
    }

    void raiseMark(long to) {
        mark = Math.max(mark, to);
    }

    /** Transactions that have to be visible before a refresh; some may be already. */
    Xids xids() {
        return Xids.union(xids);
    }

    boolean awaitsVisibility() {
        return !xids.isEmpty();
    }

    PendingLookups lookups() {
        return lookups;
    }

    DelayBreakdown delays() {
        return delays;
    }

    /** Whether changes may have been missed, so that no earlier snapshot or watermark of the view counts any more. */
    boolean invalidated() {
        return invalidated;
    }

    Optional<Instant> oldestCommit() {
        return Optional.ofNullable(oldestCommit);
    }

    /** The oldest commit on the monotonic clock; empty: it is not known. */
    OptionalLong oldestCommitNanos() {
        return oldestCommit == null ? OptionalLong.empty() : OptionalLong.of(oldestCommitNanos);
    }

    /** Time since the oldest commit. Measured on the monotonic clock, except for the age that the commit had on arrival. */
    Optional<Duration> staleness(long now) {
        return oldestCommit().map(known -> Duration.ofNanos(now - oldestCommitNanos));
    }

    void add(Impact impact, Moment now) {
        if (impact.xids().isEmpty()) {
            withoutXid = true;
        } else {
            xids.add(impact.xids());
        }
        lookups.add(impact.lookups());
        if (!routed) {
            routed = true;
            firstRouted = now.nanos();
            delays.add(Lateness.CAPTURE, age(impact.oldestCommit(), now));
        }
        lastRouted = now.nanos();
        if (oldestCommit == null || impact.oldestCommit().isBefore(oldestCommit)) {
            addCommit(impact.oldestCommit(), now.nanos() - age(impact.oldestCommit(), now));
        }
    }

    /** Whatever is pending does not wait for the quiet period. */
    void expedite(long now) {
        if (isPresent()) {
            dueFrom(now);
        }
    }

    /** Something may be missing whose transaction id is not known: only a refresh that starts later covers it. */
    void addWithoutXid(Moment now) {
        addWithoutXid(now.nanos(), "a view of this name was made anew");
    }

    private void addWithoutXid(long now, String why) {
        dueFrom(now);
        withoutXid = true;
        lookups.requireRefresh(why);
    }

    void addInvalidation(Moment now) {
        addWithoutXid(now.nanos(), "what it reads was altered, or changes in the log may have been missed");
        invalidated = true;
    }

    /**
     * The ledger says "dirty". Those changes were acknowledged and seen to be visible, so there is nothing to wait for.
     *
     * @param readAgain whether the rows that changed may be known once the log is read again
     */
    void addFromLedger(Optional<Instant> dirtySince, Moment now, boolean readAgain) {
        dueFrom(now.nanos());
        withoutXid = true;
        if (!readAgain) {
            lookups.requireRefresh("it lacked changes when refreshd started");
        }
        dirtySince.ifPresent(commit -> {
            delays.add(Lateness.CAPTURE, age(commit, now));
            addCommit(commit, now.nanos() - age(commit, now));
        });
    }

    /**
     * An upstream view has changed. It has waited for the burst to end, so this view does not wait again.
     *
     * @param rowsKept whether the round will find which rows of the upstream view have changed
     */
    void addFromUpstream(PendingChanges upstream, boolean rowsKept, long now) {
        if (rowsKept) {
            dueFrom(now);
            withoutXid = true;
        } else {
            addWithoutXid(now, "a view that it reads has changed");
        }
        if (upstream.oldestCommit != null) {
            addCommit(upstream.oldestCommit, upstream.oldestCommitNanos);
            delays.add(Lateness.UPSTREAM, now - upstream.oldestCommitNanos);
        }
    }

    /** Monotonic time at which the first of these changes came; only to be asked if {@link #isPresent} is true. */
    long since() {
        if (!routed) {
            return immediateAt;
        }
        return immediate ? Deadlines.earlier(firstRouted, immediateAt) : firstRouted;
    }

    /** A refresh that was to bring these changes did not: those that came meanwhile join them. */
    void merge(PendingChanges later) {
        xids.addAll(later.xids);
        lookups.addAll(later.lookups);
        delays.addAll(later.delays);
        raiseMark(later.mark);
        withoutXid |= later.withoutXid;
        invalidated |= later.invalidated;
        if (later.oldestCommit != null) {
            addCommit(later.oldestCommit, later.oldestCommitNanos);
        }
        if (later.routed) {
            firstRouted = routed ? Deadlines.earlier(firstRouted, later.firstRouted) : later.firstRouted;
            lastRouted = later.lastRouted;
            routed = true;
        }
        if (later.immediate) {
            dueFrom(later.immediateAt);
        }
    }

    /** Whether a refresh with this snapshot brought all of these changes although they came after it began. */
    boolean allSeenBy(Snapshot snapshot) {
        return !withoutXid && xids.stream().allMatch(some -> some.areSeenBy(snapshot));
    }

    /** Forgets transactions that any refresh from now on sees. Only while no refresh runs: that one may not see them. */
    void forgetVisible(Snapshot snapshot) {
        xids.removeIf(some -> some.areSeenBy(snapshot));
    }

    /**
     * Forgets likewise while a refresh runs, once there are too many. From then on the changes count as not seen by that
     * refresh, which makes forgetting safe.
     */
    void forgetVisibleBeyondLimit(Snapshot snapshot) {
        if (xids.stream().mapToInt(Xids::size).sum() > XIDS_WORTH_KEEPING) {
            withoutXid = true;
        }
        if (withoutXid) {
            forgetVisible(snapshot);
        }
    }

    /**
     * When to start: when the quiet period has passed since the last change, but early enough to meet the target lag; never
     * before the first change came.
     *
     * @param expected expected duration of the refresh, in nanoseconds
     */
    long dueAt(Timing timing, long expected) {
        if (!routed) {
            return immediateAt;
        }
        long quiet = lastRouted + timing.quietPeriod().toNanos();
        long lag = Deadlines.later(oldestCommitNanos + timing.targetLag().toNanos() - expected, firstRouted);
        long due = Deadlines.earlier(quiet, lag);
        return immediate ? Deadlines.earlier(due, immediateAt) : due;
    }

    private void dueFrom(long at) {
        immediateAt = immediate ? Deadlines.earlier(immediateAt, at) : at;
        immediate = true;
    }

    private void addCommit(Instant commit, long nanos) {
        oldestCommitNanos = oldestCommit == null ? nanos : Deadlines.earlier(oldestCommitNanos, nanos);
        oldestCommit = oldestCommit == null || commit.isBefore(oldestCommit) ? commit : oldestCommit;
    }

    /** A commit of the future has age zero: the clocks of server and daemon differ, and nobody knows by how much. */
    private static long age(Instant commit, Moment now) {
        Duration age = Duration.between(commit, now.wall());
        if (age.isNegative()) {
            return 0;
        }
        return (age.compareTo(OLDEST_AGE) < 0 ? age : OLDEST_AGE).toNanos();
    }
}
