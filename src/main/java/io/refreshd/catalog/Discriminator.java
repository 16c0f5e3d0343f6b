package io.refreshd.catalog;

import java.util.Collections;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * A view takes from a table only rows with certain values in one column, as in {@code WHERE role = 'a'}: a row that has none of
 * them, neither before nor after a change, cannot alter the view.
 *
 * @param column of the table
 * @param values in text form, of a type whose values are equal exactly if their text forms are
 */
public record Discriminator(String column, SortedSet<String> values) {
    public Discriminator {
        values = Collections.unmodifiableSortedSet(new TreeSet<>(values));
    }

    static Discriminator of(String column, Set<String> values) {
        return new Discriminator(column, new TreeSet<>(values));
    }
}
