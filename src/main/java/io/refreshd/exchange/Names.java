package io.refreshd.exchange;

import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.nio.charset.StandardCharsets;
import org.jdbi.v3.core.Handle;

/** Names for relations while others have theirs, and for indexes that move to another schema. */
public final class Names {
    /** The bytes that a name may have. */
    public static final int LONGEST = 63;

    private Names() {}

    /** A name for a relation of the same schema while names are exchanged. */
    public static ViewId temporary(ViewId view, String purpose, long oid) {
        return new ViewId(view.schema(), "refreshd_" + purpose + "_" + oid);
    }

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
    public static String numbered(String name, long view) {
        String suffix = "_" + view;
        return cut(name, LONGEST - suffix.length()) + suffix;
    }

    /** The name without the number of the view that it may have at its end. */
    public static String plain(String name, long view) {
        String suffix = "_" + view;
        return name.endsWith(suffix) ? name.substring(0, name.length() - suffix.length()) : name;
    }

    /** The beginning of a name, in so many bytes. */
    public static String cut(String name, int bytes) {
        String kept = name;
        while (kept.getBytes(StandardCharsets.UTF_8).length > bytes) {
            kept = kept.substring(0, kept.offsetByCodePoints(kept.length(), -1));
        }
        return kept;
    }
}
