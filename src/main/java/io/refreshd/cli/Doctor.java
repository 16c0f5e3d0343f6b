package io.refreshd.cli;

import io.refreshd.config.Configuration;
import io.refreshd.doctor.Checkup;
import io.refreshd.doctor.Finding;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** Looks at the database. Blocks while it does, and changes nothing. */
@FunctionalInterface
interface Doctor {
    /**
     * Asks the database that the configuration names.
     *
     * @return what was found, the worst first; empty if all is well
     * @throws SQLException if the database cannot be asked
     */
    List<Finding> examine(Configuration configuration) throws SQLException;

    static Doctor real() {
        return configuration -> {
            try (Handle handle = new TargetDatabase(configuration.database(), "check").open()) {
                return Checkup.examine(handle, configuration, Instant::now);
            }
        };
    }
}
