package io.refreshd.report;

import java.util.Locale;

/** State of the capture; the words are values of the label {@code state}. */
public enum StreamPhase {
    /** Not started, or between two attempts. */
    CONNECTING,
    STREAMING,
    /**
     * Streaming, but a commit that was read is not visible to other transactions yet, as it waits for a synchronous standby. No
     * newer position is acknowledged until it is.
     */
    HELD,
    /** Another daemon holds the lease of this database. */
    STANDBY,
    STOPPED;

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
