package io.refreshd.catalog;

import io.refreshd.catalog.ContentDependencies.DatabaseObject;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Finds the objects that running transactions are altering, and whether those transactions have ended. */
public final class ObjectsInFlux {
    private final ContentIndex content;

    ObjectsInFlux(ContentIndex content) {
        this.content = content;
    }

    /** One of those that the view's content depends on. */
    Optional<ObjectInFlux> of(ViewSources sources) {
        return content.values(content.references(sources), DatabaseObject::inFlux).stream()
                .flatMap(Optional::stream)
                .findFirst();
    }

    /**
     * Whether one of the transactions has ended. Of one that was rolled back nothing else is to be seen: the row that it replaced keeps
     * its id.
     */
    public static boolean anyEnded(Connection connection, Collection<ObjectInFlux> objects) throws SQLException {
        if (objects.isEmpty()) {
            return false;
        }
        Array xids = connection.createArrayOf(
                "text", objects.stream().map(ObjectInFlux::xid).distinct().toArray());
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT pg_catalog.bool_or(pg_catalog.pg_xact_status(x::xid8) IS DISTINCT FROM 'in progress')"
                        + " FROM pg_catalog.unnest(?::text[]) AS x")) {
            statement.setArray(1, xids);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getBoolean(1);
            }
        } finally {
            xids.free();
        }
    }

    /** @param xid null if no transaction is altering the object */
    static Optional<ObjectInFlux> read(String object, @Nullable String xid) {
        return Optional.ofNullable(xid).map(id -> new ObjectInFlux(object, id));
    }
}
