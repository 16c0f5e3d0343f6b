package io.refreshd.incremental;

import java.util.Objects;
import java.util.Set;

/**
 * A column of the table in which the rows of an incremental view are kept.
 *
 * @param name the column's name, not quoted
 * @param type its type, as SQL
 * @param indexed whether a value of it is in an index of the table, or decides what is
 */
public record StoreColumn(String name, String type, boolean indexed) {
    /** Built-in types of which the server can hash a value. Types that are left out make a comparison slower, and never wrong. */
    private static final Set<String> HASHABLE = Set.of(
            "smallint",
            "integer",
            "bigint",
            "oid",
            "numeric",
            "real",
            "double precision",
            "boolean",
            "text",
            "character varying",
            "bpchar",
            "name",
            "uuid",
            "bytea",
            "jsonb",
            "date",
            "timestamp without time zone",
            "timestamp with time zone",
            "inet");

    public StoreColumn {
        Objects.requireNonNull(name);
        Objects.requireNonNull(type);
    }

    boolean isHashable() {
        return HASHABLE.contains(type);
    }
}
