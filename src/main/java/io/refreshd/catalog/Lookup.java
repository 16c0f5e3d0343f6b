package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import java.util.Optional;

/**
 * Whether it can be found out by looking up rows if a change of a table altered a view.
 *
 * @param why not, if not, and what would help
 * @param forbidden only a privilege is missing
 */
public record Probing(Optional<ProbeKey> key, Optional<Obstacle> why, boolean forbidden) {
    static final Probing UNKNOWN = not("its query was not examined", "");

    static Probing by(ProbeKey key) {
        return new Probing(Optional.of(key), Optional.empty(), false);
    }

    static Probing forbidden(Obstacle obstacle) {
        return new Probing(Optional.empty(), Optional.of(obstacle), true);
    }

    static Probing not(String why, String remedy) {
        return new Probing(Optional.empty(), Optional.of(new Obstacle(why, remedy)), false);
    }
}
