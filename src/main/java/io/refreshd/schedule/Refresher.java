package io.refreshd.schedule;

import io.refreshd.model.KeyProbe;
import io.refreshd.model.Lsn;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Carries out refreshes. Called on several threads at once, but never for the same view. */
public interface Refresher {
    /**
     * Blocks until the refresh has ended one way or the other. Whatever the database does is an outcome; to throw means that
     * the program is wrong, and ends it. An interrupt asks it to end soon.
     *
     * @param later to be asked, on the same thread, for what changed after the task was made
     */
    RefreshOutcome refresh(RefreshTask task, Later later);

    /** Makes all refreshes that run end soon, for drivers that do not heed an interrupt. Must not block for long. */
    default void cancel() {}

    /** What was routed to the view since. */
    interface Later {
        /**
         * Waits until everything that committed at or before the position has been routed.
         *
         * @return what to look up besides; empty if that is of no use, or the log is not read that far in time
         */
        Optional<List<KeyProbe>> upTo(Lsn position, Duration patience) throws InterruptedException;
    }
}
