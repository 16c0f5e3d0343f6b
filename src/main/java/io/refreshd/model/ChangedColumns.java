package io.refreshd.model;

import java.util.HashSet;
import java.util.Set;

/**
 * The columns of a table that a change may have altered.
 *
 * @param all whether any column may have been altered, because the log does not show which
 * @param names the columns; empty if {@code all}
 */
public record ChangedColumns(boolean all, Set<String> names) {
    public static final ChangedColumns ALL = new ChangedColumns(true, Set.of());
    public static final ChangedColumns NONE = new ChangedColumns(false, Set.of());

    public ChangedColumns {
        names = all ? Set.of() : Set.copyOf(names);
    }

    public static ChangedColumns of(Set<String> names) {
        return names.isEmpty() ? NONE : new ChangedColumns(false, names);
    }

    public ChangedColumns union(ChangedColumns other) {
        if (all || other.all) {
            return ALL;
        }
        if (names.containsAll(other.names)) {
            return this;
        }
        Set<String> both = new HashSet<>(names);
        both.addAll(other.names);
        return of(both);
    }
}
