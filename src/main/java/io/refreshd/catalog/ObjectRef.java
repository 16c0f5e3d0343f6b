package io.refreshd.catalog;

import java.util.Comparator;

/**
 * An object of the database, as {@code pg_depend} names it.
 *
 * @param catalog oid of the system table that holds the object
 * @param oid oid of the object in that table
 */
public record ObjectRef(long catalog, long oid) implements Comparable<ObjectRef> {
    private static final Comparator<ObjectRef> ORDER =
            Comparator.comparingLong(ObjectRef::catalog).thenComparingLong(ObjectRef::oid);

    /** The oid of pg_type, in each version of PostgreSQL. */
    private static final long PG_TYPE = 1247;

    /** The oid of pg_class, in each version of PostgreSQL. */
    private static final long PG_CLASS = 1259;

    boolean isRelation() {
        return catalog == PG_CLASS;
    }

    boolean isType() {
        return catalog == PG_TYPE;
    }

    /** @param text both numbers with a colon between them */
    static ObjectRef parse(String text) {
        int colon = text.indexOf(':');
        return new ObjectRef(Long.parseLong(text, 0, colon, 10), Long.parseLong(text, colon + 1, text.length(), 10));
    }

    @Override
    public int compareTo(ObjectRef other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return catalog + ":" + oid;
    }
}
