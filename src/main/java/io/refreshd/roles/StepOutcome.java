package io.refreshd.roles;

import io.refreshd.model.Obstacle;
import java.util.Optional;

/**
 * The outcome of a step.
 *
 * @param done whether the step has changed the database
 * @param refused why the step cannot be done; empty also if the step was no longer needed
 */
record StepOutcome(boolean done, Optional<Obstacle> refused) {
    static final StepOutcome DONE = new StepOutcome(true, Optional.empty());
    static final StepOutcome NOT_NEEDED = new StepOutcome(false, Optional.empty());

    static StepOutcome refused(Obstacle why) {
        return new StepOutcome(false, Optional.of(why));
    }
}
