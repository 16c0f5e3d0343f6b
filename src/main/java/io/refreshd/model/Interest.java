package io.refreshd.model;

import java.util.List;
import java.util.Set;

/**
 * What capture should remember of a table's changed rows, since routing can decide by it.
 *
 * @param key the columns that identify a row, in the order that lookups need; empty: rows of the table are not looked up
 * @param discriminators the columns by whose values views take rows of the table
 * @param mostKeys how many distinct keys are remembered of one transaction; of more none is
 * @param unread the known columns that no view reads: of a row in which nothing else changed, nothing needs to be remembered
 */
public record Interest(List<String> key, int mostKeys, Set<String> discriminators, Set<String> unread) {
    public static final Interest NONE = new Interest(List.of(), Set.of(), Set.of());

    public Interest(List<String> key, Set<String> discriminators, Set<String> unread) {
        this(key, ChangedRows.LIMIT, discriminators, unread);
    }

    public Interest {
        key = List.copyOf(key);
        discriminators = Set.copyOf(discriminators);
        unread = Set.copyOf(unread);
    }

    /** The same, except that no value of a row is remembered. */
    public Interest withoutValues() {
        return new Interest(List.of(), mostKeys, Set.of(), unread);
    }
}
