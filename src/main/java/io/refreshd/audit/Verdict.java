package io.refreshd.audit;

import java.util.Locale;

/** What became of an audit of one view. */
public enum Verdict {
    /** The view holds exactly what its definition gives. */
    EQUAL,
    /** It differs, and the ledger knows: the refresh is due, or has come since. */
    PENDING,
    /** It differs by changes that the log does not show, which its timer brings. */
    UNTRACKED,
    /** It differs, and nothing can be said about why: no ledger, or no daemon that reads the log. */
    UNEXPLAINED,
    /** It differs, and the ledger says that it does not: a fault of refreshd. */
    DRIFT,
    /** It could not be compared. */
    FAILED;

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
