package io.refreshd.cli;

import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.Configuration;
import io.refreshd.model.Obstacle;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/**
 * Why views cannot be refreshed, by the catalog alone. The daemon suspends such a view as long as it is so, and writes nothing
 * down about it: the catalog says it already.
 */
final class CatalogObstacles {
    private CatalogObstacles() {}

    static Map<ViewId, Obstacle> read(Handle handle, Configuration configuration) throws SQLException {
        Map<ViewId, Obstacle> found = new HashMap<>();
        ViewGraph.of(CatalogReader.read(handle.getConnection()), configuration.views()::includes)
                .views()
                .forEach((id, view) -> view.obstacleTo(configuration.views().methodOf(id))
                        .ifPresent(obstacle -> found.put(id, obstacle)));
        return found;
    }
}
