package io.refreshd.daemon;

import io.refreshd.model.Obstacle;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;

/**
 * Logs each obstacle once, for as long as it lasts.
 *
 * <p>Thread: one thread.
 */
final class LogOnce {
    private final Logger log;
    private final String message;
    private Set<String> present = Set.of();

    LogOnce(Logger log, String message) {
        this.log = log;
        this.message = message;
    }

    void log(Collection<Obstacle> obstacles) {
        Set<String> now = new HashSet<>();
        for (Obstacle obstacle : obstacles) {
            now.add(obstacle.what());
            if (!present.contains(obstacle.what())) {
                log.atWarn()
                        .addKeyValue("what", obstacle.what())
                        .addKeyValue("remedy", obstacle.remedy())
                        .log(message);
            }
        }
        present = now;
    }
}
