package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.Optional;

/**
 * Whether changed rows of a table can be looked up in a view, to see if the change altered the view.
 *
 * @param key how the rows are found; empty if they cannot be looked up
 * @param why why they cannot be looked up, and the remedy; empty if they can
 * @param forbidden whether nothing but a privilege of refreshd's role is missing
 */
public record Lookup(Optional<LookupKey> key, Optional<Obstacle> why, boolean forbidden) {
    static final Lookup UNKNOWN = not("its query was not examined");

    static Lookup by(LookupKey key) {
        return new Lookup(Optional.of(key), Optional.empty(), false);
    }

    static Lookup forbidden(Obstacle obstacle) {
        return new Lookup(Optional.empty(), Optional.of(obstacle), true);
    }

    static Lookup not(String why) {
        return not(why, Remedy.NONE);
    }

    static Lookup not(String why, Remedy remedy) {
        return new Lookup(Optional.empty(), Optional.of(new Obstacle(why, remedy)), false);
    }
}
