package io.refreshd.roles;

/**
 * What stands under a name in the catalog.
 *
 * @param kind m for a materialized view, v for a view, anything else is in the way
 * @param marked whether its comment says that refreshd made it
 */
record FoundRelation(long oid, char kind, boolean marked) {
    boolean isView() {
        return kind == 'm' || kind == 'v';
    }
}
