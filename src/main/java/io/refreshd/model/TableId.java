package io.refreshd.model;

import java.util.Comparator;
import java.util.Objects;

/** Names a base table, or a partition of one, as the catalog spells it: unquoted and case-sensitive. */
public record TableId(String schema, String name) implements Comparable<TableId> {
    private static final Comparator<TableId> ORDER =
            Comparator.comparing(TableId::schema).thenComparing(TableId::name);

    public TableId {
        Objects.requireNonNull(schema);
        Objects.requireNonNull(name);
    }

    @Override
    public int compareTo(TableId other) {
        return ORDER.compare(this, other);
    }

    /** For people and labels; not SQL, see {@link SqlNames}. */
    @Override
    public String toString() {
        return schema + "." + name;
    }
}
