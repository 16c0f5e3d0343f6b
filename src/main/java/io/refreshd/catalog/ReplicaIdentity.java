package io.refreshd.catalog;

/** What the log holds of the old row when a row is updated or deleted. */
public enum ReplicaIdentity {
    /** Nothing, or an index that is gone. */
    NOTHING,
    /** The primary key. */
    DEFAULT,
    /** The primary key would be, but there is none, or only a deferrable one. */
    DEFAULT_WITHOUT_KEY,
    INDEX,
    FULL,
    /** One of those, but with a column in it that is computed, on a server that minds: those are not published. */
    GENERATED;

    /** Once such a table is in a publication of updates, the application's own UPDATE and DELETE of it fail. */
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
