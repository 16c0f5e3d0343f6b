package io.refreshd.refresh;

import io.refreshd.model.KeyLookup;
import io.refreshd.model.Lsn;
import java.util.List;
import java.util.Optional;

/** The changes to a view that are read from the log after its refresh task was made. The scheduler implements it. */
public interface LaterChanges {
    /** Knows no later changes, so that a view with look-ups is refreshed in any case. */
    LaterChanges UNKNOWN = position -> Optional.empty();

    /**
     * Waits until every transaction that committed at or before the position has been routed.
     *
     * @return look-ups for what changed since the task was made; empty if some change has no look-up, or the daemon is too far
     *     behind in the log
     */
    Optional<List<KeyLookup>> upTo(Lsn position) throws InterruptedException;
}
