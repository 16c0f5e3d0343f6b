package io.refreshd.refresh;

import io.refreshd.model.KeyLookup;
import io.refreshd.model.Lsn;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The changes to the views of a round that are read from the log after its tasks were made. The scheduler implements it. */
@FunctionalInterface
public interface LaterOfViews {
    /**
     * Waits until every transaction that committed at or before the position has been routed.
     *
     * @return for each of the views, the rows that changed since its task was made; empty if they are not known, or the daemon is too far
     *     behind in the log
     */
    Map<ViewId, Optional<List<KeyLookup>>> upTo(Collection<ViewId> views, Lsn position) throws InterruptedException;

    /** Work for the time in which the log is read. */
    @FunctionalInterface
    interface Work {
        void run() throws InterruptedException, SQLException;
    }

    /** The same, and does the work after the log has been asked for, and before the answer is waited for. */
    default Map<ViewId, Optional<List<KeyLookup>>> upTo(Collection<ViewId> views, Lsn position, Work meanwhile)
            throws InterruptedException, SQLException {
        meanwhile.run();
        return upTo(views, position);
    }
}
