package io.refreshd.schedule;

import io.refreshd.model.Lsn;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Works out the watermark of each view: every transaction that committed at or before it is in the view. */
final class Watermarks {
    private final ViewRegistry views;
    private final LogProgress log;
    /** Views whose watermark does not advance with the log, each with the reason; also views that are not registered yet. */
    private Map<ViewId, String> frozen = Map.of();

    Watermarks(ViewRegistry views, LogProgress log) {
        this.views = views;
        this.log = log;
    }

    /** The watermark of each view. Takes as long as there are views, however deep they are stacked. */
    Map<ViewId, Optional<Lsn>> ofAll() {
        Set<ViewState> onUntracked = views.standingOn(view -> ownUntracked(view).isPresent());
        Map<ViewId, Optional<Lsn>> known = new HashMap<>();
        views.allUpstreamFirst().forEach(view -> known.put(view.id(), withoutSources(view, Set.of(), known)));
        views.all().stream()
                .filter(view -> onUntracked.contains(view) || ownUntracked(view).isPresent())
                .forEach(view -> known.put(view.id(), Optional.empty()));
        return known;
    }

    /** Why a view has no watermark: an untracked source of the view itself, or of a view that it depends on. */
    Optional<Obstacle> untracked(ViewState view) {
        return views.withUpstream(view).stream()
                .flatMap(one -> ownUntracked(one).stream())
                .findFirst();
    }

    private Optional<Obstacle> ownUntracked(ViewState view) {
        return view.spec
                .untracked()
                .or(() -> view.spec.upstream().stream()
                        .filter(id -> views.get(id) == null)
                        .map(id -> new Obstacle(
                                "stands on " + id + ", which is not kept fresh",
                                Remedy.text("include " + id + " in the configuration")))
                        .findFirst());
    }

    /** From now on the watermarks of these views do not advance with the log, and those of all others do. */
    void freezeClaims(Map<ViewId, String> wanted) {
        for (ViewId id : wanted.keySet()) {
            ViewState view = views.get(id);
            if (view != null) {
                freeze(view);
            }
        }
        frozen = wanted;
    }

    boolean isFrozen(ViewId view) {
        return frozen.containsKey(view);
    }

    /** Why the watermark of a view does not advance: the reason of the view itself, or of a view that it depends on. */
    Optional<Obstacle> frozen(ViewState view) {
        return views.withUpstream(view).stream()
                .flatMap(one -> Optional.ofNullable(frozen.get(one.id())).stream())
                .findFirst()
                .map(own -> new Obstacle(
                        own,
                        Remedy.text(
                                "it passes by itself, at the latest when that transaction has ended: see pg_locks")));
    }

    /** A clean view holds whatever has been routed; a dirty one what it held when it was last clean or refreshed. */
    Optional<Lsn> current(ViewState view) {
        return of(view, Set.of());
    }

    /**
     * The watermark that a refresh will have that starts now.
     *
     * @param together the views that are brought up to date in the same transaction, or else none of those that stand on them
     */
    Optional<Lsn> afterRefresh(ViewState view, Set<ViewId> together) {
        Set<ViewId> clean = new HashSet<>(together);
        clean.add(view.id());
        return of(view, clean);
    }

    /**
     * @param clean views that count as clean, with what they read of each other. The others that it reads count as what they are: what such a
     *     view reads of the clean ones it has not got
     */
    private Optional<Lsn> of(ViewState view, Set<ViewId> clean) {
        if (untracked(view).isPresent()) {
            return Optional.empty();
        }
        Map<ViewId, Optional<Lsn>> now = new HashMap<>();
        Map<ViewId, Optional<Lsn>> then = new HashMap<>();
        for (ViewState one : views.upstreamFirst(view)) {
            Optional<Lsn> present = withoutSources(one, Set.of(), now);
            now.put(one.id(), present);
            then.put(one.id(), clean.contains(one.id()) ? withoutSources(one, clean, then) : present);
        }
        return then.getOrDefault(view.id(), Optional.empty());
    }

    /** The watermark of a view whose sources are tracked. @param known those of the views that it reads */
    private Optional<Lsn> withoutSources(ViewState view, Set<ViewId> clean, Map<ViewId, Optional<Lsn>> known) {
        return (view.dirty() || accompanies(view)) && !clean.contains(view.id())
                ? view.lastWatermark
                : newer(view.lastWatermark, routedThroughUpstream(view, known));
    }

    /**
     * Whether the view takes part in a round with nothing pending. The outcomes of the views that it reads may be known before its own: they are
     * clean then, and what reads this one has not been told yet that it changed.
     */
    private static boolean accompanies(ViewState view) {
        return view.running != null && view.running.accompanies();
    }

    /** The least of the routed position and the watermarks of all upstream views. */
    private Optional<Lsn> routedThroughUpstream(ViewState view, Map<ViewId, Optional<Lsn>> known) {
        Optional<Lsn> least = frozen.containsKey(view.id()) ? Optional.empty() : log.routed();
        for (ViewId id : view.spec.upstream()) {
            Optional<Lsn> there = known.getOrDefault(id, Optional.empty());
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

    /**
     * Stores the current watermark in the view. To be called before a change is added: after that the view is dirty, and what it
     * held while it was clean could not be worked out any more.
     */
    void freeze(ViewState view) {
        view.lastWatermark = current(view);
    }
}
