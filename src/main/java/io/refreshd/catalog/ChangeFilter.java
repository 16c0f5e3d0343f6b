package io.refreshd.catalog;

import java.util.Optional;

/**
 * How it can be found out that a change of a table, though of columns that a view reads, did not alter the view.
 *
 * @param discriminator by a value of the changed rows, without asking the database
 * @param probing by looking up the changed rows in the view
 */
public record Narrowing(Optional<Discriminator> discriminator, Probing probing) {
    static final Narrowing NONE = new Narrowing(Optional.empty(), Probing.UNKNOWN);
}
