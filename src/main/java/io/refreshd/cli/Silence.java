package io.refreshd.cli;

import io.refreshd.config.Configuration;
import java.time.Duration;

/** How long a daemon may say nothing before it counts as away. */
final class Silence {
    /** Below it, a server under load or a garbage collection would make a daemon look absent. */
    private static final Duration LEAST = Duration.ofSeconds(10);

    private Silence() {}

    static Duration of(Configuration configuration) {
        Duration silence = configuration.capture().heartbeatInterval().multipliedBy(5);
        return silence.compareTo(LEAST) < 0 ? LEAST : silence;
    }
}
