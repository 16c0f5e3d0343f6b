package io.refreshd.cli;

import io.refreshd.config.Configuration;
import io.refreshd.doctor.DatabaseChecks;
import io.refreshd.doctor.Finding;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** Checks the database for {@code check}. A test puts another one in its place. Blocks; changes nothing. */
@FunctionalInterface
interface DatabaseChecker {
    /**
     * Checks the database that the configuration names.
     *
     * @return the findings, the worst first; empty if there are none
     * @throws SQLException if the database cannot be reached or asked
     */
    List<Finding> check(Configuration configuration) throws SQLException;

    /** The checker of the deployed command line, which connects to the database. */
    static DatabaseChecker connecting() {
        return configuration -> {
            try (Handle handle = new TargetDatabase(configuration.database(), "check").open()) {
                return DatabaseChecks.run(handle, configuration, Instant::now);
            }
        };
    }
}
