package io.refreshd.report;

import java.util.Locale;

/** What the capture is doing. */
public enum StreamPhase {
    /** Not started, or between two attempts. */
    CONNECTING,
    STREAMING,
    /** Streaming, but a commit that was read is not visible yet (synchronous replication), so nothing newer is acknowledged. */
    HELD,
    /** Another daemon serves this database. */
    STANDBY,
    STOPPED;

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
