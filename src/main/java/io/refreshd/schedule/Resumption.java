package io.refreshd.schedule;

import io.refreshd.model.LedgerEntry;

/** Decides how an incremental view that was dirty at the start is brought up to date: from the WAL by keys, or as a whole. */
enum Resumption {
    /** Nothing has to be read again, or it would be of no use. */
    NONE,
    /** It is not known yet whether the stream begins early enough. */
    UNDECIDED,
    /** Whatever the view lacks is being read again. */
    READING;

    /**
     * Invariant: what the view lacks committed after its watermark, and is in the log. Not so if its snapshot was taken from it ({@link
     * Action.Mark#invalidated}), nor if it may lack what another view got that does
     * not keep its changed rows for it.
     */
    static Resumption of(ViewSpec spec, LedgerEntry entry) {
        boolean inLog = !spec.version().isEmpty()
                && spec.followsRows()
                && entry.watermark().isPresent()
                && entry.snapshot().isPresent();
        return inLog ? UNDECIDED : NONE;
    }
}
