package io.refreshd.cli;

import io.refreshd.config.Configuration;
import java.time.Duration;

/** The time without a heartbeat in the ledger after which the daemon counts as away. */
final class HeartbeatTimeout {
    /** With less, a server under load or a garbage collection would make a running daemon look absent. */
    private static final Duration MINIMUM = Duration.ofSeconds(10);

    private static final int HEARTBEATS = 5;

    private HeartbeatTimeout() {}

    static Duration of(Configuration configuration) {
        Duration timeout = configuration.capture().heartbeatInterval().multipliedBy(HEARTBEATS);
        return timeout.compareTo(MINIMUM) < 0 ? MINIMUM : timeout;
    }
}
