package io.refreshd.refresh;

import io.refreshd.model.KeyProbe;
import io.refreshd.model.Lsn;
import java.util.List;
import java.util.Optional;

/** What has been read from the log for a view since its refresh was ordered. */
public interface LaterChanges {
    /** Nothing is known of what comes later, so every probe ends in a refresh. */
    LaterChanges UNKNOWN = position -> Optional.empty();

    /**
     * Waits until everything that committed at or before the position has been routed.
     *
     * @return what else changed since, to be looked up as well; empty if it cannot be looked up, or the log is too far behind
     */
    Optional<List<KeyProbe>> upTo(Lsn position) throws InterruptedException;
}
