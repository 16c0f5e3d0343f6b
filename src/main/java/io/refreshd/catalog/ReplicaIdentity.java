package io.refreshd.catalog;

/** The replica identity of a table: what the log holds of the old row after UPDATE and DELETE. */
public enum ReplicaIdentity {
    /** REPLICA IDENTITY NOTHING, or USING INDEX of an index that was dropped: the log holds nothing. */
    NOTHING,
    /** The log holds the primary key. */
    DEFAULT,
    /** REPLICA IDENTITY DEFAULT of a table that has no primary key, or only a deferrable one: the log holds nothing. */
    DEFAULT_WITHOUT_KEY,
    /** The log holds the columns of an index. */
    INDEX,
    /** The log holds the whole row. */
    FULL,
    /** An identity that holds a generated column, on PostgreSQL 18 or later, which does not publish such columns. */
    GENERATED;

    /** Whether the application's own UPDATE and DELETE fail once the table is in a publication. */
    public boolean failsWhenPublished() {
        return this == NOTHING || this == DEFAULT_WITHOUT_KEY || this == GENERATED;
    }

    static ReplicaIdentity of(Relation table, Iterable<Index> indexes) {
        return switch (table.traits().replicaIdentity()) {
            case 'f' -> FULL;
            case 'g' -> GENERATED;
            case 'n' -> NOTHING;
            case 'i' -> anyUsable(indexes, Index.Trait.REPLICA_IDENTITY) ? INDEX : NOTHING;
            default -> anyUsable(indexes, Index.Trait.PRIMARY) ? DEFAULT : DEFAULT_WITHOUT_KEY;
        };
    }

    private static boolean anyUsable(Iterable<Index> indexes, Index.Trait role) {
        for (Index index : indexes) {
            if (index.is(role) && index.is(Index.Trait.VALID) && index.is(Index.Trait.IMMEDIATE)) {
                return true;
            }
        }
        return false;
    }
}
