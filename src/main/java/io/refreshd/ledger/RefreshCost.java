package io.refreshd.ledger;

import io.refreshd.model.ViewId;
import java.time.Duration;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * What the refreshes of a view have cost lately, by the history.
 *
 * @param refreshes how many there were
 * @param since how long ago the first of them was
 * @param median time of one
 * @param total time of all
 */
public record RefreshCost(long refreshes, Duration since, Duration median, Duration total) {

    /** Returns an empty result if the history has no refresh of the view, or there is no ledger. */
    public static Optional<RefreshCost> read(Handle handle, ViewId view) {
        if (!ViewMark.ledgerExists(handle)) {
            return Optional.empty();
        }
        return handle.createQuery("""
                        SELECT count(*) AS refreshes, extract(epoch FROM clock_timestamp() - min(finished_at)) AS since,
                               extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY duration)) AS median,
                               extract(epoch FROM sum(duration)) AS total
                        FROM refreshd.refresh_history
                        WHERE (view_schema, view_name) = (:schema, :name) AND outcome = 'refreshed'
                        HAVING count(*) > 0
                        """)
                .bind("schema", view.schema())
                .bind("name", view.name())
                .map((row, context) -> new RefreshCost(
                        row.getLong("refreshes"),
                        seconds(row.getDouble("since")),
                        seconds(row.getDouble("median")),
                        seconds(row.getDouble("total"))))
                .findOne();
    }

    private static Duration seconds(double seconds) {
        return Duration.ofNanos((long) (Math.max(0, seconds) * 1e9));
    }
}
