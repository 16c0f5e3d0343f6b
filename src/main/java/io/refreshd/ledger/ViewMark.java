package io.refreshd.ledger;

import io.refreshd.model.Lsn;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * The numbers of a ledger row that say whether the view needs a refresh.
 *
 * @param marked number of the newest mark
 * @param covered number of the newest mark that a refresh has covered
 * @param refreshes how often the view was refreshed
 * @param untracked whether changes may be in force that the log does not show: of an untracked source, or of a relation that is being
 *     altered
 * @param watermark as {@code refreshd.own_claim} has it: without the views that this view reads
 */
public record ViewMark(long marked, long covered, long refreshes, boolean untracked, Optional<Lsn> watermark) {

    public boolean dirty() {
        return marked > covered;
    }

    /** Returns whether the view was neither marked nor refreshed between the two readings. */
    public boolean sameNeeds(ViewMark other) {
        return marked == other.marked && covered == other.covered && refreshes == other.refreshes;
    }

    /** Returns whether the database has a ledger. */
    public static boolean ledgerExists(Handle handle) {
        return handle.createQuery("SELECT to_regclass('refreshd.view_state') IS NOT NULL")
                .mapTo(Boolean.class)
                .one();
    }

    /** Returns the row in the snapshot of the transaction; empty if the ledger has no view with this oid. */
    public static Optional<ViewMark> read(Handle handle, long oid) {
        return handle.createQuery("""
                        SELECT s.marked, s.covered, s.refreshes, s.untracked OR s.frozen IS NOT NULL AS untracked,
                               c.watermark::text AS watermark
                        FROM refreshd.view_state s JOIN refreshd.own_claim c USING (view_schema, view_name)
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
