package io.refreshd.catalog;

import java.util.Collections;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The values of one column that a table's rows must have for a view to take them, as in {@code WHERE role = 'a'}. A change of a
 * row that has none of the values, neither before nor after it, cannot alter the view.
 *
 * @param column name of the table's column
 * @param values text forms; the column's type is one whose values are equal exactly if their text forms are
 */
public record Discriminator(String column, SortedSet<String> values) {
    public Discriminator {
        values = Collections.unmodifiableSortedSet(new TreeSet<>(values));
    }

    static Discriminator of(String column, Set<String> values) {
        return new Discriminator(column, new TreeSet<>(values));
    }
}
