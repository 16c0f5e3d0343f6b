package io.refreshd.audit;

import java.util.Locale;

/** The outcome of the audit of one view. */
public enum Verdict {
    /** The view holds exactly what its definition gives. */
    EQUAL,
    /** The view differs, and the ledger knows it: a refresh is due, or has taken place since. */
    PENDING,
    /** The view differs, and reads a source whose changes the log does not show; its timer refreshes it. */
    UNTRACKED,
    /** The view differs, and the cause cannot be determined: there is no ledger, or no daemon that reads the log. */
    UNEXPLAINED,
    /** The view differs, and the ledger claims that it does not: a fault of refreshd. */
    DRIFT,
    /** The view was not compared: its definition may run code that is not trusted with refreshd's rights. */
    UNTRUSTED,
    /** The view could not be compared. */
    FAILED;

    /** Returns the name that users see, in lower case. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
