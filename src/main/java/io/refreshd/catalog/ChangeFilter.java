package io.refreshd.catalog;

import java.util.Optional;

/**
 * The ways to find that a change of a table did not alter a view, although it touched columns that the view reads.
 *
 * @param discriminator compares a value of the changed rows, without a query; empty if the view takes rows by no such value
 * @param lookup looks the changed rows up in the view
 */
public record ChangeFilter(Optional<Discriminator> discriminator, Lookup lookup) {
    public static final ChangeFilter NONE = new ChangeFilter(Optional.empty(), Lookup.UNKNOWN);
}
