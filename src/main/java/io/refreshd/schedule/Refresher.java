package io.refreshd.schedule;

import io.refreshd.model.KeyLookup;
import io.refreshd.model.Lsn;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.ViewId;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Port through which refreshes are carried out.
 *
 * <p>Thread: called on several threads at once, but never for the same view.
 */
public interface Refresher {
    /**
     * Blocks until the refresh has ended. An interrupt asks it to end soon.
     *
     * <p>Failure: whatever the database does is an outcome. To throw means that the program is wrong, and ends the process.
     *
     * @param later to be asked, on the same thread, which changes came after the task was made
     */
    RefreshOutcome refresh(RefreshTask task, Later later);

    /**
     * Brings views up to date together, as {@link #refresh} does one view: incremental views in one round, others in one snapshot. Unless it
     * is implemented, one after the other.
     *
     * @return the outcome of each task
     */
    default Map<ViewId, RefreshOutcome> round(List<RefreshTask> tasks, LaterOfViews later) {
        Map<ViewId, RefreshOutcome> outcomes = new HashMap<>();
        for (RefreshTask task : tasks) {
            Later ofOne = (position, patience) ->
                    later.upTo(List.of(task.view()), position, patience).getOrDefault(task.view(), Optional.empty());
            outcomes.put(task.view(), refresh(task, ofOne));
        }
        return outcomes;
    }

    /** Makes all running refreshes end soon, for drivers that ignore an interrupt. Must not block for long. */
    default void cancel() {}

    /** Changes of the view that came after the task was made. */
    interface Later {
        /**
         * Waits until everything that committed at or before the position has been read and routed.
         *
         * @param patience how long to wait for that
         * @return rows to look up as well; empty if a look-up proves nothing any more, or the log was not read that far in time
         */
        Optional<List<KeyLookup>> upTo(Lsn position, Duration patience) throws InterruptedException;
    }

    /** Changes of the views of a round that came after its tasks were made; otherwise as {@link Later}. */
    interface LaterOfViews {
        Map<ViewId, Optional<List<KeyLookup>>> upTo(Collection<ViewId> views, Lsn position, Duration patience)
                throws InterruptedException;
    }
}
