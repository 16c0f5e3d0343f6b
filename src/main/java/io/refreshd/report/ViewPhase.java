package io.refreshd.report;

import java.util.Locale;

/** Phase of a view; the words are values of the label {@code state}. */
public enum ViewPhase {
    /** The view holds every change that has been routed. */
    FRESH,
    /** The view lacks a routed change; its refresh is scheduled. */
    DIRTY,
    REFRESHING,
    /** The last refresh failed; the next attempt is scheduled. */
    BACKING_OFF,
    /** The last refresh failed with an error that a retry does not solve: no refresh until the remedy is applied. */
    SUSPENDED,
    /** The view reads another materialized view that is suspended. */
    BLOCKED,
    /** The view lacks a change, and waits for its window, or for that of a view that it reads. */
    WAITING,
    /** An operator paused the view. */
    PAUSED,
    /** The view lacks no change that is known, and nothing can be claimed of it: it has no watermark. */
    UNTRACKED;

    /** Whether somebody wants the view to lack what it lacks. */
    public boolean isStaleByOrder() {
        return this == PAUSED || this == WAITING;
    }

    /** The phase as labels, JSON and tables spell it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
