package io.refreshd.model;

import java.util.Comparator;
import java.util.Objects;

/** Names a materialized view as the catalog spells it: unquoted and case-sensitive. */
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

    /** For people and labels; not SQL, see {@link SqlNames}. A part with a dot is quoted: two views never read alike. */
    @Override
    public String toString() {
        return part(schema) + "." + part(name);
    }

    private static String part(String name) {
        return name.indexOf('.') < 0 ? name : SqlNames.identifier(name);
    }
}
