package io.refreshd.schedule;

import io.refreshd.model.FullRecompute;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.RoundBasis;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Builds the task of a refresh that is about to start, and decides whether a look-up may take its place. */
final class RefreshTaskFactory {
    private final ViewRegistry views;
    private final Watermarks watermarks;
    private final LogProgress log;
    private final ActionBuffer actions;

    RefreshTaskFactory(ViewRegistry views, Watermarks watermarks, LogProgress log, ActionBuffer actions) {
        this.views = views;
        this.watermarks = watermarks;
        this.log = log;
        this.actions = actions;
    }

    /** @param together the views of the same round */
    RefreshTask create(ViewState view, Set<ViewId> together, long now) {
        PendingChanges changes = view.pending;
        if (view.resumption == Resumption.UNDECIDED) {
            // Should this refresh fail, the next one must not go by rows of which some were never read.
            view.resumption = Resumption.NONE;
            changes.lookups().requireRefresh("it lacked changes when refreshd started");
        }
        Optional<String> everything = everything(view, now);
        RoundBasis.Stack stack = view.incremental() ? stack(view, now) : RoundBasis.Stack.NONE;
        if (stack.accompanies() && !together.isEmpty()) {
            watermarks.freeze(view);
        }
        List<KeyLookup> lookups =
                everything.isPresent() ? List.of() : changes.lookups().merged();
        return new RefreshTask(
                view.id(),
                view.spec.oid(),
                view.spec.method(),
                changes.xids(),
                Math.max(view.coveredMark, changes.mark()),
                watermarks.afterRefresh(view, together),
                views.downstream(view.id()),
                actions.newMark(),
                changes.oldestCommit(),
                lookups,
                view.incremental()
                        ? new RoundBasis(
                                view.spec.version(),
                                everything.orElse(""),
                                fullRecompute(view),
                                view.spec.clock(),
                                stack)
                        : RoundBasis.NONE,
                Optional.empty());
    }

    /** A round of a reader that seems to have failed may be about to commit. */
    private RoundBasis.Stack stack(ViewState view, long now) {
        return new RoundBasis.Stack(
                view.spec.stack(),
                views.downstream(view.id()).stream()
                        .sorted()
                        .flatMap(id -> Optional.ofNullable(views.get(id)).stream())
                        .flatMap(reader -> reader.spec.stack().stream()
                                .filter(rows -> rows.view().equals(view.id()))
                                .map(rows -> rows.reader(
                                        reader.id(),
                                        reader.spec.oid(),
                                        views.isRunning(reader.id()) || reader.commitUncertain)))
                        .toList(),
                !view.pending.isPresent() && !view.requested && !view.scheduleReached(now));
    }

    /** Somebody's word counts for one refresh. A view that refreshd has never brought up to date has to be compared once. */
    private static FullRecompute fullRecompute(ViewState view) {
        return view.requested || view.refreshedAt.isEmpty() ? FullRecompute.ALLOW : view.spec.fullRecompute();
    }

    /** Whether a task that is made now refreshes the view as a whole, or recomputes all its rows. */
    boolean refreshesAll(ViewState view, long now) {
        return view.resumption == Resumption.UNDECIDED || everything(view, now).isPresent();
    }

    /**
     * Why there are no rows to look up first, or to recompute. Operators and the timer want a refresh, not a look-up. A view
     * with an untracked source may differ in rows that no change tells of. While the log is behind, the look-up would wait for
     * it, in the slot of a view that could be refreshed. And after a commit that went unnoticed, "nothing differs" would hide
     * from the downstream views that the view changed then.
     *
     * <p>The last two do not hold of an incremental view. To recompute all its rows while writers are busy would put the log further
     * behind, and a round that changes nothing after such a commit tells the downstream views nevertheless ({@link OutcomeHandler}).
     */
    private Optional<String> everything(ViewState view, long now) {
        if (view.requested) {
            return Optional.of("a refresh was asked for");
        }
        if (!view.spec.clock().isEmpty()) {
            // The round itself finds the rows that time has moved.
            return view.resumption == Resumption.NONE
                    ? view.pending.lookups().required()
                    : Optional.of("it lacked changes when refreshd started");
        }
        if (view.maxStalenessReached(now)) {
            return Optional.of("max-staleness has passed");
        }
        if (view.scheduleReached(now)) {
            return Optional.of("its schedule asks for it");
        }
        if (view.spec.untracked().isPresent()) {
            return Optional.of("it reads a source whose changes the log does not show");
        }
        if (!view.incremental() && view.group.isOfSeveral()) {
            return Optional.of("it is refreshed together with others");
        }
        if (!view.incremental() && (log.isBehind() || view.commitUncertain)) {
            return Optional.of("a look-up would prove nothing, or not in time");
        }
        return view.pending.lookups().required();
    }
}
