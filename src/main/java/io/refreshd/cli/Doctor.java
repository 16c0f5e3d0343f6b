package io.refreshd.cli;

import io.refreshd.config.Configuration;
import io.refreshd.model.Obstacle;
import java.sql.SQLException;
import java.util.List;

/** Looks at the database. Blocks while it does, and changes nothing. */
@FunctionalInterface
interface Doctor {
    /**
     * Asks the database that the configuration names.
     *
     * @return what stands in the way of {@code run}; empty if nothing does
     * @throws SQLException if the database cannot be asked
     */
    List<Obstacle> examine(Configuration configuration) throws SQLException;
}
