package io.refreshd.schedule;

import io.refreshd.model.Lsn;
import io.refreshd.model.Obstacle;
import io.refreshd.model.ViewId;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The views and how they stand on each other; what holds of a view through what it stands on is worked out here. */
final class Views {
    /** Sorted, so that the same events lead to the same decisions in every run. */
    private final Map<ViewId, TrackedView> inOrder = new TreeMap<>();

    private final Map<ViewId, TrackedView> byId = new HashMap<>();

    private final Map<ViewId, Set<ViewId>> downstream = new HashMap<>();
    /** By name and not by view: the refresh of a view that vanished still holds its slot and its lock. */
    private final Map<ViewId, Running> running = new HashMap<>();

    /** Views about which there may be something to decide. In the order of the news, so that every run is alike. */
    private final Set<TrackedView> touched = new LinkedHashSet<>();

    private boolean allTouched;

    /** What may be claimed. */
    private Optional<Lsn> routed = Optional.empty();

    /** What was read and told, be it claimed or not. */
    private Lsn read = Lsn.ZERO;

    /** A look-up wanted the log to be read up to here and gave up waiting. */
    private Lsn missed = Lsn.ZERO;

    /** Something has happened to the view, which may concern what stands on it. */
    void touch(TrackedView view) {
        if (touched.add(view)) {
            downstream(view.id())
                    .forEach(id -> Optional.ofNullable(byId.get(id)).ifPresent(this::touch));
        }
    }

    void touchAll() {
        allTouched = true;
    }

    /** What was touched since this was asked last; empty: look at all of them. */
    Optional<Set<TrackedView>> touched() {
        Optional<Set<TrackedView>> since = allTouched ? Optional.empty() : Optional.of(new LinkedHashSet<>(touched));
        touched.clear();
        allTouched = false;
        return since;
    }

    @Nullable TrackedView get(ViewId id) {
        return byId.get(id);
    }

    Collection<TrackedView> all() {
        return inOrder.values();
    }

    void put(TrackedView view) {
        inOrder.put(view.id(), view);
        byId.put(view.id(), view);
    }

    void remove(ViewId id) {
        inOrder.remove(id);
        byId.remove(id);
    }

    void routed(Lsn position) {
        boolean backwards =
                routed.filter(there -> position.compareTo(there) < 0).isPresent();
        read = backwards ? position : read.max(position);
        missed = backwards ? Lsn.ZERO : missed;
        routed = Optional.of(position);
    }

    void read(Lsn position) {
        read = read.max(position);
    }

    void missed(Lsn position) {
        missed = missed.max(position);
    }

    /** Whether a look-up that begins now could hardly be answered in time, as the last one was not. */
    boolean logIsBehind() {
        return !isRead(missed);
    }

    /** Whether everything that committed at or before the position has been told. */
    boolean isRead(Lsn position) {
        return read.compareTo(position) >= 0;
    }

    Stream<TrackedView> asking() {
        return running.keySet().stream()
                .flatMap(id -> Optional.ofNullable(byId.get(id)).stream())
                .filter(view -> view.asks.isPresent());
    }

    int runningCount() {
        return running.size();
    }

    boolean isRunning(ViewId id) {
        return running.containsKey(id);
    }

    void started(Running refresh) {
        running.put(refresh.task().view(), refresh);
    }

    Running ended(ViewId id) {
        Running refresh = running.remove(id);
        if (refresh == null) {
            throw new IllegalStateException("a refresh ended that was not running: " + id);
        }
        return refresh;
    }

    /** To be called when the set of views, or what they stand on, has changed. */
    void link() {
        downstream.clear();
        for (TrackedView view : inOrder.values()) {
            for (ViewId upstream : view.spec.upstream()) {
                downstream.computeIfAbsent(upstream, u -> new HashSet<>()).add(view.id());
            }
        }
    }

    Set<ViewId> downstream(ViewId id) {
        return downstream.getOrDefault(id, Set.of());
    }

    private Stream<TrackedView> upstream(TrackedView view) {
        return view.spec.upstream().stream().map(byId::get).filter(known -> known != null);
    }

    /** Why nothing can be claimed of a view: a source that the log does not show, its own or of what it stands on. */
    Optional<Obstacle> untracked(TrackedView view) {
        if (view.spec.untracked().isPresent()) {
            return view.spec.untracked();
        }
        for (ViewId id : view.spec.upstream()) {
            TrackedView upstream = byId.get(id);
            Optional<Obstacle> untracked = upstream == null
                    ? Optional.of(new Obstacle(
                            "stands on " + id + ", which is not kept fresh", "include " + id + " in the configuration"))
                    : untracked(upstream);
            if (untracked.isPresent()) {
                return untracked;
            }
        }
        return Optional.empty();
    }

    /** A clean view holds whatever has been routed; a dirty one what it held when it was last clean or refreshed. */
    Optional<Lsn> watermark(TrackedView view) {
        if (untracked(view).isPresent()) {
            return Optional.empty();
        }
        return view.dirty() ? view.claimed : newer(view.claimed, routedThrough(view));
    }

    /** What a refresh that starts now will hold for certain. */
    Optional<Lsn> provable(TrackedView view) {
        return untracked(view).isPresent() ? Optional.empty() : newer(view.claimed, routedThrough(view));
    }

    /** How far everything that the view stands on has got. */
    private Optional<Lsn> routedThrough(TrackedView view) {
        Optional<Lsn> least = routed;
        for (ViewId id : view.spec.upstream()) {
            TrackedView upstream = byId.get(id);
            Optional<Lsn> there = upstream == null ? Optional.empty() : watermark(upstream);
            if (there.isEmpty() || least.isEmpty()) {
                return Optional.empty();
            }
            least = there.get().compareTo(least.get()) < 0 ? there : least;
        }
        return least;
    }

    static Optional<Lsn> newer(Optional<Lsn> a, Optional<Lsn> b) {
        return a.isPresent() && b.isPresent() ? Optional.of(a.get().max(b.get())) : a.or(() -> b);
    }

    /** Call it before a need is added: it is the last moment at which "clean" says what the view holds. */
    void keepClaim(TrackedView view) {
        view.claimed = watermark(view);
    }

    Optional<Instant> oldestMissing(TrackedView view) {
        Stream<Instant> own = Stream.concat(
                view.waiting.oldestCommit().stream(),
                view.running == null ? Stream.empty() : view.running.needs().oldestCommit().stream());
        return Stream.concat(own, upstream(view).flatMap(u -> oldestMissing(u).stream()))
                .min(Instant::compareTo);
    }

    /** The suspended view that a view stands on, if there is one. */
    Optional<TrackedView> suspendedUpstream(TrackedView view) {
        if (view.spec.upstream().isEmpty()) {
            return Optional.empty();
        }
        return upstream(view)
                .flatMap(u -> u.suspended() && !u.paused ? Stream.of(u) : suspendedUpstream(u).stream())
                .findFirst();
    }

    /** What stands on a view waits for it while it runs, and lets it go first if it could start and was due first. */
    boolean waitsForUpstream(TrackedView view, long now) {
        for (ViewId id : view.spec.upstream()) {
            TrackedView upstream = byId.get(id);
            if (isRunning(id) || (upstream != null && ready(upstream, now) && upstream.due() - view.due() <= 0)) {
                return true;
            }
        }
        return false;
    }

    boolean ready(TrackedView view, long now) {
        return mayRun(view) && !isRunning(view.id()) && view.readyAt(now) - now <= 0;
    }

    /** Whether time alone will make it ready. */
    boolean mayRun(TrackedView view) {
        if (!view.wantsRefresh() || view.suspended()) {
            return false;
        }
        return view.requested || !(view.paused || blocked(view));
    }

    boolean blocked(TrackedView view) {
        return view.dirty() && suspendedUpstream(view).isPresent();
    }

    ViewPhase phase(TrackedView view, long now) {
        if (view.running != null) {
            return ViewPhase.REFRESHING;
        } else if (view.paused) {
            return ViewPhase.PAUSED;
        } else if (view.suspended()) {
            return ViewPhase.SUSPENDED;
        } else if (stale(view) && suspendedUpstream(view).isPresent()) {
            return ViewPhase.BLOCKED;
        } else if (view.health instanceof Health.BackingOff && view.health.holdsBack(now)) {
            return ViewPhase.BACKING_OFF;
        }
        return stale(view) ? ViewPhase.DIRTY : ViewPhase.FRESH;
    }

    /** Whether a change is known that the view does not show yet, be it one that has not come through what it stands on. */
    private boolean stale(TrackedView view) {
        return view.dirty() || upstream(view).anyMatch(this::stale);
    }

    Optional<Obstacle> reason(TrackedView view, ViewPhase phase) {
        return switch (phase) {
            case SUSPENDED -> view.suspendedBy();
            case BLOCKED -> suspendedUpstream(view).map(Views::standsOn);
            case PAUSED -> Optional.of(new Obstacle("paused by request", "refreshd resume " + view.id()));
            case BACKING_OFF, DIRTY, REFRESHING, FRESH -> attempt(view.health).or(() -> untracked(view));
        };
    }

    private static Obstacle standsOn(TrackedView upstream) {
        Obstacle cause = upstream.suspendedBy().orElseThrow();
        return new Obstacle("stands on " + upstream.id() + ", which is suspended: " + cause.what(), cause.remedy());
    }

    private static Optional<Obstacle> attempt(Health health) {
        return switch (health) {
            case Health.Unseen unseen ->
                Optional.of(new Obstacle(
                        "waits for transaction " + unseen.xid() + ", which has committed but is not visible yet",
                        "it passes by itself; with synchronous replication, when a standby confirms"));
            case Health.BackingOff failed -> Optional.of(failed.failure().asObstacle());
            case Health.Healthy healthy -> Optional.empty();
            case Health.Tried tried -> Optional.empty();
            case Health.Suspended suspended -> Optional.of(suspended.obstacle());
        };
    }

    List<ViewStatus> status() {
        return inOrder.values().stream().map(this::status).toList();
    }

    private ViewStatus status(TrackedView view) {
        return new ViewStatus(
                view.id(),
                view.phase,
                view.spec.timing(),
                view.spec.method(),
                oldestMissing(view),
                watermark(view),
                // Positions are all that counts here.
                Optional.empty(),
                view.refreshedAt,
                view.lastDuration,
                view.refreshes,
                view.health.failures(),
                Optional.ofNullable(view.running).map(Running::since),
                reason(view, view.phase));
    }
}
