package io.refreshd.refresh;

import io.refreshd.incremental.WayChooser;
import io.refreshd.model.Obstacle;
import java.util.Optional;

/**
 * What the rounds of one view have taught.
 *
 * <p>Thread: the rounds of one view follow each other; others may ask for the missing index.
 */
final class ViewRounds {
    private final WayChooser chooser = new WayChooser();
    private volatile Optional<Obstacle> missingIndex = Optional.empty();

    WayChooser chooser() {
        return chooser;
    }

    /** The index without which each changed key costs the reading of a whole table, if that is so. */
    Optional<Obstacle> missingIndex() {
        return missingIndex;
    }

    void foundMissing(Optional<Obstacle> index) {
        missingIndex = index;
    }
}
