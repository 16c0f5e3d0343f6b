package io.refreshd.refresh;

import io.refreshd.model.KeyProbe;
import io.refreshd.model.Lsn;
import java.util.List;
import java.util.Optional;

/** The changes to a view that are read from the log after its refresh task was made. The scheduler implements it. */
public interface LaterChanges {
    /** Knows no later changes, so that a view with probes is refreshed in any case. */
    LaterChanges UNKNOWN = position -> Optional.empty();

    /**
     * Waits until every transaction that committed at or before the position has been routed.
     *
     * @return probes for what changed since the task was made; empty if some change has no probe, or the daemon is too far
     *     behind in the log
     */
    Optional<List<KeyProbe>> upTo(Lsn position) throws InterruptedException;
}
