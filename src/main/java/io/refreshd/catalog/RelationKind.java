package io.refreshd.catalog;

/** {@code pg_class.relkind}, as far as a query can read it. */
public enum RelationKind {
    TABLE('r'),
    PARTITIONED_TABLE('p'),
    VIEW('v'),
    MATERIALIZED_VIEW('m'),
    FOREIGN_TABLE('f'),
    SEQUENCE('S'),
    /** Composite types and whatever later servers bring. */
    OTHER('?');

    private final char code;

    RelationKind(char code) {
        this.code = code;
    }

    static RelationKind of(char code) {
        for (RelationKind kind : values()) {
            if (kind.code == code) {
                return kind;
            }
        }
        return OTHER;
    }
}
