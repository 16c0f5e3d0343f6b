package io.refreshd.roles;

import io.refreshd.model.Obstacle;
import java.util.Optional;

/**
 * What became of a step.
 *
 * @param done whether something is different now
 * @param refused why it could not be done; empty also if it was not needed any longer
 */
record Outcome(boolean done, Optional<Obstacle> refused) {
    static final Outcome DONE = new Outcome(true, Optional.empty());
    static final Outcome NOT_NEEDED = new Outcome(false, Optional.empty());

    static Outcome refused(Obstacle why) {
        return new Outcome(false, Optional.of(why));
    }
}
