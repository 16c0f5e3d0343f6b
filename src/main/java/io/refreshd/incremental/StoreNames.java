package io.refreshd.incremental;

import io.refreshd.exchange.Names;
import io.refreshd.model.ViewId;

/**
 * The names of what belongs to one incremental view. Each fits into the 63 bytes of a name, and no two views have the same.
 *
 * @param store the table that holds the rows
 * @param definition the plain view with the defining query
 */
record StoreNames(ViewId store, ViewId definition) {
    static final String SCHEMA = "refreshd_store";

    private static final String DEFINITION = "_definition";

    /** @param oid of the public view */
    static StoreNames of(ViewId view, long oid) {
        String number = "_" + oid;
        String base = Names.cut(view.name(), Names.LONGEST - number.length() - DEFINITION.length()) + number;
        return new StoreNames(new ViewId(SCHEMA, base), new ViewId(SCHEMA, base + DEFINITION));
    }

    /** The names of a map. @param oid of the public view @param number from 1 */
    static StoreNames ofMap(ViewId view, long oid, int number) {
        String end = "_" + oid + "_map" + number;
        String base = Names.cut(view.name(), Names.LONGEST - end.length() - DEFINITION.length()) + end;
        return new StoreNames(new ViewId(SCHEMA, base), new ViewId(SCHEMA, base + DEFINITION));
    }

    /** The names until the oid of the public view is known. @param oid of the materialized view */
    static StoreNames whileMaking(long oid) {
        return new StoreNames(
                new ViewId(SCHEMA, "refreshd_new_" + oid), new ViewId(SCHEMA, "refreshd_new_" + oid + DEFINITION));
    }
}
