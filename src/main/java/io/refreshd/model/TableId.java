package io.refreshd.model;

import java.util.Comparator;
import java.util.Objects;

/** The name of a table or leaf partition as {@code pg_class} holds it: unquoted and case-sensitive. */
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

    /** For people and labels; for SQL see {@link SqlNames}. */
    @Override
    public String toString() {
        return schema + "." + name;
    }
}
