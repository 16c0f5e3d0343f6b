package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import java.util.Optional;

/**
 * Whether it can be found out by looking up rows if a change of a table altered a view.
 *
 * @param why not, if not, and what would help
 */
public record Probing(Optional<ProbeKey> key, Optional<Obstacle> why) {
    static final Probing UNKNOWN = not("its query was not examined", "");

    static Probing by(ProbeKey key) {
        return new Probing(Optional.of(key), Optional.empty());
    }

    static Probing not(String why, String mend) {
        return new Probing(Optional.empty(), Optional.of(new Obstacle(why, mend)));
    }
}
