package io.refreshd.reconcile;

import io.refreshd.ingest.MarkWriter;
import io.refreshd.ledger.StorageVersion;
import io.refreshd.model.ViewId;
import io.refreshd.schedule.Event;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds refreshes by others, and marks the views that they refreshed. Such a refresh may have run in an old snapshot, so that the
 * view lacks what it had before; and the views that read it do not hold what it brought.
 *
 * <p>Thread: the one that reconciles the catalog.
 */
final class ForeignRefreshes {
    private static final Logger log = LoggerFactory.getLogger(ForeignRefreshes.class);
    private static final int NAMED = 10;

    private final MarkWriter marks;

    ForeignRefreshes(MarkWriter marks) {
        this.marks = marks;
    }

    /** @return whether there were any */
    boolean mark(Handle handle) throws InterruptedException {
        Set<ViewId> views = StorageVersion.refreshedByOthers(handle);
        if (!views.isEmpty()) {
            log.atInfo()
                    .addKeyValue("count", views.size())
                    .addKeyValue("views", views.stream().sorted().limit(NAMED).toList())
                    .log("Views were refreshed or altered by others; refreshing them again");
            marks.writeMarksOf(new Event.RefreshedByOthers(views));
        }
        return !views.isEmpty();
    }
}
