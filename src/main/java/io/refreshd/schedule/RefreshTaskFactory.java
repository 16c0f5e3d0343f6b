package io.refreshd.schedule;

import io.refreshd.model.KeyProbe;
import io.refreshd.model.RefreshTask;
import java.util.List;

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

    RefreshTask create(ViewState view, long now) {
        PendingChanges changes = view.pending;
        return new RefreshTask(
                view.id(),
                view.spec.oid(),
                view.spec.method(),
                changes.xids(),
                Math.max(view.coveredMark, changes.mark()),
                watermarks.afterRefresh(view),
                views.downstream(view.id()),
                actions.newMark(),
                changes.oldestCommit(),
                probes(view, now));
    }

    /**
     * The rows to look up first; empty: refresh without a look-up. Operators and the timer want a refresh, not a look-up. A view
     * with an untracked source may differ in rows that no change tells of. While the log is behind, the look-up would wait for
     * it, in the slot of a view that could be refreshed. And after a commit that went unnoticed, "nothing differs" would hide
     * from the downstream views that the view changed then.
     */
    private List<KeyProbe> probes(ViewState view, long now) {
        boolean useful = !view.requested
                && !view.maxStalenessReached(now)
                && view.spec.untracked().isEmpty()
                && !log.isBehind()
                && !view.commitUncertain;
        return useful ? view.pending.probes().merged() : List.of();
    }
}
