package io.refreshd.refresh;

import io.refreshd.incremental.Way;
import io.refreshd.model.RefreshOutcome;
import java.time.Duration;
import java.util.Collection;

/** What became of a view's rows in a {@link Round}; nothing is committed yet. */
sealed interface RoundResult {
    default boolean wrote() {
        return false;
    }

    /**
     * The rows are what the definition gives.
     *
     * @param othersChanged whether rows of maps were changed, or rows that were kept for the view are not needed any more
     * @param time that the statements of this view took
     */
    record Corrected(long rowsChanged, boolean othersChanged, Way way, Duration time) implements RoundResult {
        @Override
        public boolean wrote() {
            return rowsChanged > 0 || othersChanged;
        }
    }

    /** Nothing was done, for this reason. */
    record Not(RefreshOutcome outcome) implements RoundResult {}

    /** Nothing was pending, no row changed that the view reads, and whoever reads it knows its rows. */
    record Idle() implements RoundResult {}

    /** The time that the statements of all these views took. */
    static Duration timeOf(Collection<RoundResult> results) {
        return results.stream()
                .map(result -> result instanceof Corrected done ? done.time() : Duration.ZERO)
                .reduce(Duration.ZERO, Duration::plus);
    }
}
