package io.refreshd.roles;

/**
 * A relation in the catalog that has the name of a role view.
 *
 * @param kind {@code relkind} of the catalog: m for a materialized view, v for a view; of any other kind it blocks the name
 * @param marked whether its comment says that refreshd created it
 */
record ExistingRelation(long oid, char kind, boolean marked) {
    boolean isView() {
        return kind == 'm' || kind == 'v';
    }
}
