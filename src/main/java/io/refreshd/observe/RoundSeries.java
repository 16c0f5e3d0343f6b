package io.refreshd.observe;

import static io.refreshd.observe.MetricNames.labelValue;

import io.micrometer.core.instrument.Counter;
import io.refreshd.model.Recomputed;
import java.util.Optional;

/** Series of the rounds of one incremental view, or of a group of views with the same label. */
final class RoundSeries {
    private final Counter keys;
    private final Counter rows;
    private final TotalEnumMap<RecomputeReason, Counter> everything;

    RoundSeries(SeriesSet series) {
        this.keys = series.counter(MetricNames.KEYS_RECOMPUTED, "Recompute keys whose rows rounds have recomputed");
        this.rows = series.counter(MetricNames.ROUND_ROWS, "Rows that rounds have deleted, inserted or updated");
        this.everything = new TotalEnumMap<>(
                RecomputeReason.class,
                reason -> series.counter(
                        MetricNames.EVERYTHING_RECOMPUTED,
                        "Rounds that have recomputed all rows of the view",
                        MetricNames.REASON,
                        labelValue(reason)));
    }

    void done(Recomputed recomputed, Optional<Long> rowsChanged) {
        keys.increment(recomputed.keys());
        rowsChanged.ifPresent(rows::increment);
        recomputed
                .everything()
                .ifPresent(why -> everything.of(RecomputeReason.of(why)).increment());
    }
}
