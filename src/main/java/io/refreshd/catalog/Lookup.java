package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.List;
import java.util.Optional;

/**
 * Whether changed rows of a table can be looked up in a view, to see if the change altered the view.
 *
 * @param keys how the rows are found, all of them needed: a table that is read twice has a key for each use; empty if they cannot be
 *     looked up
 * @param why why they cannot be looked up, and the remedy; empty if they can
 * @param forbidden whether nothing but a privilege of refreshd's role is missing
 */
public record Lookup(List<LookupKey> keys, Optional<Obstacle> why, boolean forbidden) {
    static final Lookup UNKNOWN = not("its query was not examined");

    public Lookup {
        keys = List.copyOf(keys);
    }

    static Lookup by(LookupKey key) {
        return by(List.of(key));
    }

    static Lookup by(List<LookupKey> keys) {
        return new Lookup(keys, Optional.empty(), false);
    }

    /** How the rows are found, if there is one way; that of any view which is no incremental view. */
    public Optional<LookupKey> key() {
        return keys.size() == 1 ? Optional.of(keys.getFirst()) : Optional.empty();
    }

    static Lookup forbidden(Obstacle obstacle) {
        return new Lookup(List.of(), Optional.of(obstacle), true);
    }

    static Lookup not(String why) {
        return not(why, Remedy.NONE);
    }

    static Lookup not(String why, Remedy remedy) {
        return new Lookup(List.of(), Optional.of(new Obstacle(why, remedy)), false);
    }
}
