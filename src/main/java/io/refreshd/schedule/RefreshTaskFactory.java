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

    /** The rows to look up first; empty where a look-up would prove nothing or would only take time. */
    private List<KeyProbe> probes(ViewState view, long now) {
        boolean useful = !view.requested // an operator wants a refresh, not a look-up
                && !view.maxStalenessReached(now) // likewise the timer
                && view.spec.untracked().isEmpty() // the view may differ in rows that no change tells of
                && !log.isBehind() // the look-up would wait for the log, in the slot of a view that could be refreshed
                // "nothing differs" would hide from the downstream views what a refresh changed that committed
                // unnoticed
                && !view.commitUncertain;
        return useful ? view.pending.probes().merged() : List.of();
    }
}
