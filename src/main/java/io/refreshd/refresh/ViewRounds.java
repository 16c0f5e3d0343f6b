package io.refreshd.refresh;

import io.refreshd.incremental.StoreLayout;
import io.refreshd.incremental.WayChooser;
import io.refreshd.model.Obstacle;
import io.refreshd.model.ViewId;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measured durations, the layout and missing indexes of one incremental view, from its past rounds.
 *
 * <p>Thread: the rounds of one view follow each other; others may ask for the missing index.
 */
final class ViewRounds {
    private static final Logger log = LoggerFactory.getLogger(ViewRounds.class);

    private final WayChooser chooser = new WayChooser();
    /** As the last round found it. */
    private @Nullable StoreLayout layout;

    private volatile Optional<Obstacle> missingIndex = Optional.empty();

    WayChooser chooser() {
        return chooser;
    }

    /** The table and the definition as the last round found them; empty: to be read. A round compares them in its snapshot. */
    Optional<StoreLayout> layout() {
        return Optional.ofNullable(layout);
    }

    void found(StoreLayout now) {
        layout = now;
    }

    void forgetLayout() {
        layout = null;
    }

    /** The index without which each changed key costs the reading of a whole table, if that is so. */
    Optional<Obstacle> missingIndex() {
        return missingIndex;
    }

    void foundMissing(ViewId view, Optional<Obstacle> index) {
        boolean unchanged = index.equals(missingIndex);
        missingIndex = index;
        if (unchanged) {
            // Each magnitude of keys is planned, and one word of the same index is enough.
            return;
        }
        index.ifPresent(missing -> log.atWarn()
                .addKeyValue("view", view)
                .addKeyValue("reason", missing.what())
                .addKeyValue("remedy", missing.remedy())
                .log("An incremental view lacks an index"));
    }
}
