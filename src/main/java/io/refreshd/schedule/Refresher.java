package io.refreshd.schedule;

import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;

/** Carries out refreshes. Called on several threads at once, but never for the same view. */
public interface Refresher {
    /**
     * Blocks until the refresh has ended one way or the other. Whatever the database does is an outcome; to throw means that
     * the program is wrong, and ends it. An interrupt asks it to end soon.
     */
    RefreshOutcome refresh(RefreshTask task);

    /** Makes all refreshes that run end soon, for drivers that do not heed an interrupt. Must not block for long. */
    default void cancel() {}
}
