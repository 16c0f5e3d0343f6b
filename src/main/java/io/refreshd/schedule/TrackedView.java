package io.refreshd.schedule;

import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Lsn;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import io.refreshd.report.ViewPhase;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** All that the scheduler knows of one view. Only the scheduler's thread touches it. */
final class TrackedView {
    /** How much the newest duration counts: a few refreshes are enough to follow a view that grows. */
    private static final double NEWEST_COUNTS = 0.3;

    ViewSpec spec;
    Needs waiting = new Needs();

    @Nullable Running running;

    /** The refresh that runs wants to know what changes until the log has been read up to here. */
    Optional<Lsn> asks = Optional.empty();

    Health health;
    ViewPhase phase = ViewPhase.FRESH;
    boolean paused;
    boolean requested;
    long requestedAt;
    /** How many refreshes were started, look-ups included. */
    long starts;
    /** What it held for certain when it was last clean or refreshed. */
    Optional<Lsn> claimed;
    /** What the last refresh saw. */
    Optional<Snapshot> seen;

    Optional<Instant> refreshedAt;
    Optional<Duration> lastDuration;
    long refreshes;
    long expected;
    /** When the last refresh began, as far as is known; a look-up that found nothing is none. */
    long lastBegan;
    /** The newest dirty mark that is in the ledger for certain. */
    long durable;
    /** The newest dirty mark that a finished refresh covers. */
    long covered;
    /** The newest dirty mark that a refresh may have covered although it is not known to have taken place. */
    long maybeCovered;
    /** The newest dirty mark that the view ever had. */
    long newest;
    /**
     * A refresh may have taken place although it is not known to have: then what stands on the view may have missed it, and
     * "nothing changed" from the next one proves nothing.
     */
    boolean downstreamInvalid;

    TrackedView(ViewSpec spec, LedgerEntry entry, long number, Moment now) {
        this.spec = spec;
        this.paused = entry.paused();
        this.claimed = entry.watermark();
        this.seen = entry.snapshot();
        this.refreshedAt = entry.refreshedAt();
        this.lastDuration = entry.lastDuration();
        this.expected = entry.lastDuration().map(Duration::toNanos).orElse(0L);
        this.downstreamInvalid = entry.refreshedAt().isEmpty();
        this.health = health(entry);
        this.lastBegan = now.nanos() - sinceRefresh(entry, now);
        if (entry.dirty()) {
            waiting.addRemembered(entry.dirtySince(), now);
            waiting.number(number);
            newest = number;
            durable = number;
        }
    }

    private static Health health(LedgerEntry entry) {
        if (entry.suspended().isPresent()) {
            return new Health.Suspended(entry.failures(), entry.suspended().get());
        }
        return entry.failures() > 0 ? new Health.Tried(entry.failures()) : Health.HEALTHY;
    }

    /** Whatever the wall clock did meanwhile: between nothing and the longest that a timer can ask for. */
    private long sinceRefresh(LedgerEntry entry, Moment now) {
        Duration longest = spec.timing().maxStaleness().orElse(Duration.ZERO);
        Duration age =
                entry.refreshedAt().map(at -> Duration.between(at, now.wall())).orElse(longest);
        if (age.isNegative()) {
            return 0;
        }
        return (age.compareTo(longest) < 0 ? age : longest).toNanos();
    }

    ViewId id() {
        return spec.view();
    }

    /** Whether a change is known that the view does not hold for certain. */
    boolean dirty() {
        return waiting.present() || (running != null && running.needs().present());
    }

    /** Whether what it shows is what it is to show, by all that was told so far, and nothing is about to change it. */
    boolean restsWithAllItNeeds() {
        return !dirty() && running == null && !suspended();
    }

    /** Whether the ledger says "dirty" for certain, and would still say so after the refresh that is running, if one is. */
    boolean durablyDirty() {
        long known = Math.max(covered, maybeCovered);
        return durable
                > (running == null ? known : Math.max(known, running.task().covers()));
    }

    boolean suspended() {
        return spec.obstacle().isPresent() || health instanceof Health.Suspended;
    }

    Optional<Obstacle> suspendedBy() {
        return spec.obstacle().or(() -> rememberedSuspension());
    }

    /** Only what was decided here; an obstacle of the catalog is found again by reading the catalog. */
    Optional<Obstacle> rememberedSuspension() {
        return health instanceof Health.Suspended suspended ? Optional.of(suspended.obstacle()) : Optional.empty();
    }

    /** Whether there is a reason to refresh it, now or at some time. */
    boolean wantsRefresh() {
        return requested || waiting.present() || spec.timing().maxStaleness().isPresent();
    }

    /**
     * Whether neither time nor another view can bring anything about: true of most views at most events, and cheap to see, so
     * that a thousand of them do not cost a thousand decisions per event. One that stands on others never counts as at rest.
     */
    boolean rests() {
        return phase == ViewPhase.FRESH
                && running == null
                && !wantsRefresh()
                && !paused
                && !suspended()
                && spec.upstream().isEmpty();
    }

    /** When that reason falls due; meaningful only if there is one. */
    long due() {
        boolean any = false;
        long due = 0;
        if (spec.timing().maxStaleness().isPresent()) {
            due = timeout(spec.timing().maxStaleness().get());
            any = true;
        }
        if (waiting.present()) {
            long needed = waiting.due(spec.timing(), expected);
            due = any ? Needs.earlier(due, needed) : needed;
            any = true;
        }
        if (requested) {
            due = any ? Needs.earlier(due, requestedAt) : requestedAt;
        }
        return due;
    }

    boolean timedOut(long now) {
        return spec.timing()
                .maxStaleness()
                .filter(age -> timeout(age) - now <= 0)
                .isPresent();
    }

    private long timeout(Duration maxStaleness) {
        return lastBegan + maxStaleness.toNanos();
    }

    /** When it may start: due, and not held back by its last attempt. */
    long readyAt(long now) {
        return health.holdsBack(now) ? Needs.later(due(), health.until()) : due();
    }

    void learn(Duration duration) {
        long nanos = duration.toNanos();
        expected = lastDuration.isEmpty() ? nanos : expected + (long) (NEWEST_COUNTS * (nanos - expected));
        lastDuration = Optional.of(duration);
    }

    /** The refresh that ran did not bring what it was to bring. */
    void takeBack(Running ended) {
        ended.needs().absorb(waiting);
        waiting = ended.needs();
        if (ended.requested() && !requested) {
            requested = true;
            requestedAt = ended.startedAt();
        }
    }

    Action.Remember remember() {
        return new Action.Remember(id(), health.failures(), paused, rememberedSuspension());
    }
}
