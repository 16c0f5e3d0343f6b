package io.refreshd.catalog;

import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * An index of a table or materialized view: a row of {@code pg_index}.
 *
 * @param relation oid of the table or materialized view
 * @param columns numbers of the key columns, without those of INCLUDE; 0 stands for an expression
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
        /** Uniqueness is checked at once: the constraint is not DEFERRABLE. */
        IMMEDIATE,
        PRIMARY,
        /** The index that REPLICA IDENTITY USING INDEX names. */
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
