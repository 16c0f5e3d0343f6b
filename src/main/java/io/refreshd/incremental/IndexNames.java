package io.refreshd.incremental;

import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import org.jdbi.v3.core.Handle;

/** Names for indexes that move to another schema, where another relation may have the name. */
public final class IndexNames {
    private IndexNames() {}

    /** The name, if it is free in the schema; otherwise with the number of the view at its end. */
    public static String free(Handle transaction, String schema, String name, long view) {
        boolean free = transaction
                .createQuery("SELECT pg_catalog.to_regclass(:name) IS NULL")
                .bind("name", SqlNames.qualified(new ViewId(schema, name)))
                .mapTo(Boolean.class)
                .one();
        return free ? name : numbered(name, view);
    }

    /** The name with the number of the view at its end, cut to the length of a name. */
    static String numbered(String name, long view) {
        String suffix = "_" + view;
        return StoreNames.cut(name, StoreNames.LONGEST - suffix.length()) + suffix;
    }

    /** The name without the number of the view that it may have at its end. */
    public static String plain(String name, long view) {
        String suffix = "_" + view;
        return name.endsWith(suffix) ? name.substring(0, name.length() - suffix.length()) : name;
    }
}
