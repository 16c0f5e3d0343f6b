package io.refreshd.model;

import java.util.List;
import java.util.Set;

/**
 * What of a table's changed rows is worth remembering, because a decision can be built on it.
 *
 * @param key columns that identify a row, in the order in which look-ups want them; empty: nobody looks rows up
 * @param discriminators columns by whose values views tell their own rows from those of other views
 * @param unread columns that are known and that no view reads: of a row in which nothing else changed, nothing is
 */
public record Interest(List<String> key, Set<String> discriminators, Set<String> unread) {
    public static final Interest NONE = new Interest(List.of(), Set.of(), Set.of());

    public Interest {
        key = List.copyOf(key);
        discriminators = Set.copyOf(discriminators);
        unread = Set.copyOf(unread);
    }
}
