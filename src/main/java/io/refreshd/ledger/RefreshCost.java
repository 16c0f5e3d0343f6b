package io.refreshd.ledger;

import io.refreshd.model.Spans;
import io.refreshd.model.ViewId;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
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

    /** By view, for views whose refreshes the history holds. Empty if there is no ledger, or the role may not read it. */
    public static Map<ViewId, RefreshCost> read(Handle handle) {
        boolean readable =
                handle.createQuery("""
                        SELECT coalesce(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), false)
                        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                        WHERE n.nspname = 'refreshd' AND c.relname = 'refresh_history'
                        """).mapTo(Boolean.class).findOne().orElse(false);
        if (!readable) {
            return Map.of();
        }
        return handle
                .createQuery("""
                        SELECT view_schema, view_name, count(*) AS refreshes,
                               extract(epoch FROM clock_timestamp() - min(finished_at)) AS since,
                               extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY duration)) AS median,
                               extract(epoch FROM sum(duration)) AS total
                        FROM refreshd.refresh_history
                        WHERE outcome = 'refreshed' AND method <> 'incremental'
                        GROUP BY view_schema, view_name
                        """)
                .map((row, context) -> Map.entry(
                        new ViewId(row.getString("view_schema"), row.getString("view_name")),
                        new RefreshCost(
                                row.getLong("refreshes"),
                                seconds(row.getDouble("since")),
                                seconds(row.getDouble("median")),
                                seconds(row.getDouble("total")))))
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    /** "refreshed 5 times in 5 h 0 min, 2.0 s each (median), 10.0 s in all". */
    public String inWords() {
        return "refreshed " + refreshes + (refreshes == 1 ? " time in " : " times in ") + Spans.inWords(since) + ", "
                + Spans.inWords(median) + " each (median), " + Spans.inWords(total) + " in all";
    }

    private static Duration seconds(double seconds) {
        return Duration.ofNanos((long) (Math.max(0, seconds) * 1e9));
    }
}
