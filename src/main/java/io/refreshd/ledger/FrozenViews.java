package io.refreshd.ledger;

import io.refreshd.model.Lsn;
import io.refreshd.model.ViewId;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * Reads and writes {@code refreshd.view_state.frozen}: the views whose watermark does not advance with the stream at present, each
 * with the reason.
 *
 * <p>Invariant: a view is frozen durably before {@code refreshd.stream.acknowledged} passes a position that does not hold for it.
 */
public final class FrozenViews {
    private FrozenViews() {}

    public static Map<ViewId, String> load(Handle handle) {
        return handle
                .createQuery("SELECT view_schema, view_name, frozen FROM refreshd.view_state WHERE frozen IS NOT NULL")
                .map((row, context) -> Map.entry(
                        new ViewId(row.getString("view_schema"), row.getString("view_name")), row.getString("frozen")))
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    /**
     * Freezes the views, with the watermark that can be claimed of each now. A view that is frozen already keeps its watermark. Rows are
     * locked in the order of {@link ViewRows#mark}.
     *
     * @param claimed the position that holds for clean views, other than frozen ones
     * @param commitTime commit time that {@code claimed} stands for
     */
    public static void freeze(Handle handle, Map<ViewId, String> views, Lsn claimed, Optional<Instant> commitTime) {
        if (views.isEmpty()) {
            return;
        }
        List<Map.Entry<ViewId, String>> rows = List.copyOf(views.entrySet());
        List<ViewId> ids = rows.stream().map(Map.Entry::getKey).toList();
        Map<ViewId, StackClaims.Claim> claims = StackClaims.of(handle, ids);
        handle.createUpdate("""
                        WITH wanted AS (
                            SELECT s.view_schema, s.view_name, n.why, n.position, n.at
                            FROM unnest(:schemas, :names, :whys, CAST(:positions AS pg_lsn[]), CAST(:times AS timestamptz[]))
                                 AS n (schema, name, why, position, at)
                            JOIN refreshd.view_state s ON (s.view_schema, s.view_name) = (n.schema, n.name)
                            ORDER BY s.view_schema, s.view_name
                            FOR UPDATE OF s
                        )
                        UPDATE refreshd.view_state s
                        SET frozen = w.why,
                            (watermark, commit_time) = (
                                SELECT c.watermark, c.commit_time
                                FROM (SELECT s.watermark, s.commit_time
                                      UNION ALL
                                      SELECT CAST(:claimed AS pg_lsn), CAST(:at AS timestamptz)
                                      WHERE s.marked <= s.covered AND NOT s.untracked AND s.frozen IS NULL
                                        AND s.upstream = '{}'
                                      UNION ALL
                                      SELECT w.position, w.at
                                      WHERE s.marked <= s.covered AND NOT s.untracked AND s.frozen IS NULL) c
                                ORDER BY c.watermark DESC NULLS LAST LIMIT 1)
                        FROM wanted w
                        WHERE (s.view_schema, s.view_name) = (w.view_schema, w.view_name)
                          AND s.frozen IS DISTINCT FROM w.why
                        """)
                .bind("schemas", rows.stream().map(row -> row.getKey().schema()).toArray(String[]::new))
                .bind("names", rows.stream().map(row -> row.getKey().name()).toArray(String[]::new))
                .bind("whys", rows.stream().map(Map.Entry::getValue).toArray(String[]::new))
                .bind("positions", StackClaims.positions(claims, ids))
                .bind("times", StackClaims.times(claims, ids))
                .bind("claimed", claimed.toString())
                .bind("at", commitTime.map(Instant::toString).orElse(null))
                .execute();
    }

    /** Lets the watermarks of all other views advance with the stream again. */
    public static void thawAllBut(Handle handle, Collection<ViewId> views) {
        handle.createUpdate("""
                        UPDATE refreshd.view_state SET frozen = NULL
                        WHERE frozen IS NOT NULL
                          AND (view_schema, view_name) NOT IN (SELECT * FROM unnest(:schemas, :names))
                        """)
                .bind("schemas", views.stream().map(ViewId::schema).toArray(String[]::new))
                .bind("names", views.stream().map(ViewId::name).toArray(String[]::new))
                .execute();
    }
}
