package io.refreshd.catalog;

import java.util.Collection;
import java.util.Collections;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The columns of a table that a view reads.
 *
 * @param all whether the view has to be taken to read every column, also columns added later; true if that cannot be ruled out
 * @param names the columns; empty if {@code all}
 */
public record ReadColumns(boolean all, SortedSet<String> names) {
    public static final ReadColumns ALL = new ReadColumns(true, Collections.emptySortedSet());

    public ReadColumns {
        names = all ? Collections.emptySortedSet() : Collections.unmodifiableSortedSet(new TreeSet<>(names));
    }

    public static ReadColumns of(Collection<String> names) {
        return new ReadColumns(false, new TreeSet<>(names));
    }

    public boolean readsAnyOf(Set<String> columns) {
        return all || columns.stream().anyMatch(names::contains);
    }

    ReadColumns union(ReadColumns other) {
        if (all || other.all) {
            return ALL;
        }
        if (names.containsAll(other.names)) {
            return this;
        }
        SortedSet<String> both = new TreeSet<>(names);
        both.addAll(other.names);
        return of(both);
    }
}
