package io.refreshd.model;

import java.util.Objects;
import java.util.Optional;

/**
 * What a round of an incremental view has recomputed.
 *
 * @param keys the number of recompute keys; 0 if everything was recomputed
 * @param everything a clause that says why all rows were recomputed; empty if only those of the keys were
 */
public record Recomputed(long keys, Optional<String> everything) {
    public Recomputed {
        Objects.requireNonNull(everything);
    }
}
