package io.refreshd.ledger;

import io.refreshd.model.Lsn;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * The numbers that say whether a view needs a refresh.
 *
 * @param watermark as {@code refreshd.freshness} claims it for the view alone
 * @param untracked whether it reads what the log does not show
 */
public record ViewMark(long marked, long covered, long refreshes, boolean untracked, Optional<Lsn> watermark) {

    public boolean dirty() {
        return marked > covered;
    }

    /** Whether nothing was marked and nothing refreshed between the two. */
    public boolean sameNeeds(ViewMark other) {
        return marked == other.marked && covered == other.covered && refreshes == other.refreshes;
    }

    /** Whether there is a ledger to ask. */
    public static boolean ledgerExists(Handle handle) {
        return handle.createQuery("SELECT to_regclass('refreshd.view_state') IS NOT NULL")
                .mapTo(Boolean.class)
                .one();
    }

    /** As the transaction's snapshot has it; empty if the ledger does not know the view under this oid. */
    public static Optional<ViewMark> read(Handle handle, long oid) {
        return handle.createQuery("""
                        SELECT s.marked, s.covered, s.refreshes, s.untracked,
                               CASE WHEN s.untracked THEN NULL
                                    WHEN s.marked <= s.covered THEN greatest(s.watermark, t.acknowledged)
                                    ELSE s.watermark END::text AS watermark
                        FROM refreshd.view_state s LEFT JOIN refreshd.stream t ON true
                        WHERE s.view_oid = :oid
                        """)
                .bind("oid", oid)
                .map((row, context) -> new ViewMark(
                        row.getLong("marked"),
                        row.getLong("covered"),
                        row.getLong("refreshes"),
                        row.getBoolean("untracked"),
                        Optional.ofNullable(row.getString("watermark")).map(Lsn::parse)))
                .findOne();
    }
}
