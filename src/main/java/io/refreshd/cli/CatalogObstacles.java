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
 * Reads from the catalog why views cannot be refreshed, such as a missing unique index. The daemon suspends such a view but does not
 * record that in the ledger, since the catalog shows it. So {@code status} reads both.
 */
final class CatalogObstacles {
    private CatalogObstacles() {}

    static Map<ViewId, Obstacle> read(Handle handle, Configuration configuration) throws SQLException {
        Map<ViewId, Obstacle> found = new HashMap<>();
        ViewGraph.of(
                        CatalogReader.read(handle.getConnection(), configuration.views()::includes),
                        configuration.views()::includes)
                .views()
                .forEach((id, view) -> view.obstacleTo(
                                view.method(configuration.views().methodOf(id)))
                        .ifPresent(obstacle -> found.put(id, obstacle)));
        return found;
    }
}
