package io.refreshd.report;

import java.util.Locale;

/** Where a view stands, in one word; the words are the values of the label {@code state}. */
public enum ViewPhase {
    /** Holds every change that has been routed. */
    FRESH,
    /** A change is known that it does not hold yet; it waits for its time. */
    DIRTY,
    REFRESHING,
    /** The last refresh failed; the next try is set. */
    BACKING_OFF,
    /** Not refreshed until somebody mends it. */
    SUSPENDED,
    /** Stands on a view that is suspended. */
    BLOCKED,
    /** Somebody asked for it not to be refreshed. */
    PAUSED;

    /** As it is written in labels, JSON and tables. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
