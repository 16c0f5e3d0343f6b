package io.refreshd.model;

import java.util.Objects;
import java.util.Set;

/**
 * What the definition of a view leaves open: two runs of the query over the same rows may differ in it. Pure.
 *
 * @param rows whether it leaves open which rows there are, so that nothing can be compared
 * @param columns names of the columns whose values it leaves open, while the rest of each row is determined
 * @param reason what leaves it open, for people; empty if nothing does
 */
public record Undetermined(boolean rows, Set<String> columns, String reason) {
    public static final Undetermined NOTHING = new Undetermined(false, Set.of(), "");

    public Undetermined {
        columns = Set.copyOf(columns);
        Objects.requireNonNull(reason);
    }

    public boolean none() {
        return !rows && columns.isEmpty();
    }
}
