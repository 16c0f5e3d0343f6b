package io.refreshd.daemon;

import io.refreshd.ledger.History;
import io.refreshd.ledger.LeasedLedger;
import io.refreshd.model.Moment;
import java.time.Duration;
import java.util.function.Supplier;

/** Removes old rows of the refresh history, once a minute. */
final class HistoryPruner {
    private static final Duration INTERVAL = Duration.ofMinutes(1);

    private final Supplier<Moment> clock;
    private long prunedAt;

    HistoryPruner(Supplier<Moment> clock) {
        this.clock = clock;
        this.prunedAt = clock.get().nanos();
    }

    /** Takes a connection once a minute alone: a connection that somebody takes each second is never closed as idle. */
    void prune(LeasedLedger ledger) {
        if (clock.get().nanosSince(prunedAt) > INTERVAL.toNanos()) {
            prunedAt = clock.get().nanos();
            ledger.jdbi().useHandle(handle -> {
                // A transaction that may write takes an id, and no server would ever be idle.
                if (History.isOld(handle)) {
                    ledger.write(handle, History::prune);
                }
            });
        }
    }
}
