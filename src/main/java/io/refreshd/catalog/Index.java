package io.refreshd.catalog;

import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * A row of {@code pg_index}.
 *
 * @param relation oid of the table
 * @param columns numbers of the table's columns; 0 is an expression
 */
public record Index(long oid, long relation, String name, List<Integer> columns, Set<Trait> traits) {
    public Index {
        Objects.requireNonNull(name);
        columns = List.copyOf(columns);
        traits = Set.copyOf(traits);
    }

    public enum Trait {
        UNIQUE,
        VALID,
        /** Checked at once, not DEFERRABLE. */
        IMMEDIATE,
        PRIMARY,
        /** Named by REPLICA IDENTITY USING INDEX. */
        REPLICA_IDENTITY,
        PARTIAL,
        BTREE
    }

    boolean is(Trait trait) {
        return traits.contains(trait);
    }

    boolean hasExpression() {
        return columns.stream().anyMatch(number -> number <= 0);
    }
}
