package io.refreshd.daemon;

import io.refreshd.ledger.History;
import io.refreshd.model.Moment;
import io.refreshd.stream.DatabaseSession;
import java.time.Duration;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;

/** Removes old rows of the refresh history, once a minute. */
final class HistoryPruner {
    private static final Duration INTERVAL = Duration.ofMinutes(1);

    private final Supplier<Moment> clock;
    private long prunedAt;

    HistoryPruner(Supplier<Moment> clock) {
        this.clock = clock;
        this.prunedAt = clock.get().nanos();
    }

    void prune(Handle handle, DatabaseSession session) {
        if (clock.get().nanosSince(prunedAt) > INTERVAL.toNanos()) {
            prunedAt = clock.get().nanos();
            // A transaction that may write takes an id, and no server would ever be idle.
            if (History.isOld(handle)) {
                session.ledger().write(handle, History::prune);
            }
        }
    }
}
