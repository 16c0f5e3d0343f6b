package io.refreshd.report;

import java.util.Locale;

/** Phase of one database of a process that serves several; the words are values of the label {@code state}. */
public enum UnitPhase {
    /** This process works for the database. What it has come to is in the status of the database. */
    SERVED,
    /** It ended by an error that must not happen, and begins anew after a pause. */
    RESTARTING,
    /** Its configuration is not valid. */
    UNUSABLE,
    /** Another process has it, or none yet. */
    ELSEWHERE;

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
