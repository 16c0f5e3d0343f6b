package io.refreshd.database;

import java.time.Duration;

/**
 * The kinds of sessions, by how long their statements may take. See {@link SessionLimits}. A statement that may take longer, such as a
 * refresh, sets its own limits for its transaction.
 */
public enum SessionKind {
    /** The daemon's own work: ledger, slot, refreshes. */
    DAEMON(Duration.ofSeconds(20), Duration.ofSeconds(10), Duration.ofSeconds(30)),

    /** The daemon's queries of the catalog: to plan them takes longer than to run them, so each is planned once, whatever its values. */
    CATALOG(Duration.ofSeconds(20), Duration.ofSeconds(10), Duration.ofSeconds(30)),

    /** Heartbeats of the capture. */
    CAPTURE(Duration.ofSeconds(20), Duration.ofSeconds(10), Duration.ofSeconds(30)),

    /** A verb of the command line: somebody sits before it and may end it. */
    TOOL(Duration.ZERO, Duration.ofSeconds(60), Duration.ZERO);

    private final Duration statement;
    private final Duration lock;
    private final Duration silence;

    SessionKind(Duration statement, Duration lock, Duration silence) {
        this.statement = statement;
        this.lock = lock;
        this.silence = silence;
    }

    /** The longest time a statement may take; zero: no limit. */
    Duration statement() {
        return statement;
    }

    /** The longest time a statement may wait for a lock. */
    Duration lock() {
        return lock;
    }

    /** The longest time that the client waits for an answer; zero: no limit. */
    Duration silence() {
        return silence;
    }
}
