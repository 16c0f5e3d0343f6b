package io.refreshd.ledger;

import io.refreshd.model.Lsn;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Map;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/** SQL for watermarks. Invariant: a watermark and the commit time that it stands for change together, and only forward. */
public final class Watermarks {
    /**
     * The assignment that raises the watermark in an {@code UPDATE} of {@code refreshd.view_state}. Parameters: {@code routed},
     * the position, and {@code at}, its commit time.
     */
    static final String NEWER = newer("CAST(:routed AS pg_lsn)", "CAST(:at AS timestamptz)");

    private Watermarks() {}

    /** @param position SQL of the position @param at SQL of its commit time */
    static String newer(String position, String at) {
        return """
                (watermark, commit_time) = (
                    SELECT w.position, w.at
                    FROM (VALUES (watermark, commit_time), (%s, %s)) AS w (position, at)
                    ORDER BY w.position DESC NULLS LAST LIMIT 1)""".formatted(position, at);
    }

    /**
     * Returns the watermarks that views have now, each with the commit time that it stands for. That of a view that reads others is among
     * those of the views that it reads.
     */
    public static Map<Lsn, Instant> commitTimes(Handle handle) {
        return handle
                .createQuery("""
                        SELECT watermark::text AS position, max(commit_time) AS at
                        FROM refreshd.own_claim
                        WHERE watermark IS NOT NULL AND commit_time IS NOT NULL
                        GROUP BY watermark""")
                .map((row, context) -> Map.entry(
                        Lsn.parse(row.getString("position")),
                        row.getObject("at", OffsetDateTime.class).toInstant()))
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }
}
