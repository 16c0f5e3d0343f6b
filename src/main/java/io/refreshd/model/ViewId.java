package io.refreshd.model;

import java.util.Comparator;
import java.util.Objects;

/** The name of a materialized view as {@code pg_class} holds it: unquoted and case-sensitive. */
public record ViewId(String schema, String name) implements Comparable<ViewId> {
    private static final Comparator<ViewId> ORDER =
            Comparator.comparing(ViewId::schema).thenComparing(ViewId::name);

    public ViewId {
        Objects.requireNonNull(schema);
        Objects.requireNonNull(name);
    }

    @Override
    public int compareTo(ViewId other) {
        return ORDER.compare(this, other);
    }

    /** For people and labels; for SQL see {@link SqlNames}. A part with a dot is quoted, so that no two views have the same text. */
    @Override
    public String toString() {
        return part(schema) + "." + part(name);
    }

    private static String part(String name) {
        return name.indexOf('.') < 0 ? name : SqlNames.identifier(name);
    }
}
