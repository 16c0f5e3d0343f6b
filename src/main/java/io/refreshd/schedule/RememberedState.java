package io.refreshd.schedule;

import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Moment;
import java.time.Duration;
import java.time.Instant;

/** What the ledger's entry of a view means for a scheduler that starts. */
final class RememberedState {
    private RememberedState() {}

    static RetryState retryState(LedgerEntry entry, Moment now) {
        if (entry.suspended().isPresent()) {
            return RetriedSuspension.remembered(
                    entry.failures(), entry.suspended().get(), now.nanos());
        }
        return entry.failures() > 0 ? new RetryState.Retrying(entry.failures()) : RetryState.HEALTHY;
    }

    /** Between zero and the longest time that the timer can ask for, whatever the wall clock did meanwhile. */
    static long sinceRefresh(ViewSpec spec, LedgerEntry entry, Moment now) {
        Duration longest = spec.timing().maxStaleness().orElse(Duration.ZERO);
        Duration age =
                entry.refreshedAt().map(at -> Duration.between(at, now.wall())).orElse(longest);
        if (age.isNegative()) {
            return 0;
        }
        return (age.compareTo(longest) < 0 ? age : longest).toNanos();
    }

    /** When the last refresh began. A view that was never refreshed is dirty, so its schedule need not ask for a refresh before that. */
    static Instant lastBegan(LedgerEntry entry, Moment now) {
        return entry.refreshedAt()
                .map(ended -> ended.minus(entry.lastDuration().orElse(Duration.ZERO)))
                .orElse(now.wall());
    }
}
