package io.refreshd.incremental;

import java.util.Optional;

/** Chooses for one view between recomputing keys and recomputing everything. */
public final class WayChooser {
    /** More keys than this are neither looked up nor written into a statement. */
    public static final int MOST_KEYS = 100_000;

    /** @param keys how many would have to be recomputed @return why everything is recomputed instead; empty if it is not */
    public Optional<String> everythingInstead(long keys) {
        return keys > MOST_KEYS ? Optional.of("more than " + MOST_KEYS + " keys changed") : Optional.empty();
    }
}
