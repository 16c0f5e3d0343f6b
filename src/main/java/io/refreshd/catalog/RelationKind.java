package io.refreshd.catalog;

/** The kind of a relation that a query can read: {@code pg_class.relkind}. */
public enum RelationKind {
    TABLE('r'),
    PARTITIONED_TABLE('p'),
    VIEW('v'),
    MATERIALIZED_VIEW('m'),
    FOREIGN_TABLE('f'),
    SEQUENCE('S'),
    /** Composite types, and kinds that later servers may add. */
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
