package io.refreshd.catalog;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.postgresql.PGStatement;

/**
 * Prepares a statement on the server from its first execution on, so that the server soon keeps its plan. For queries of the catalog that
 * are run often, and take longer to plan than to run.
 *
 * <p>The server keeps the plan of a statement without parameters at once. Otherwise it makes five plans for the values at hand first
 * (Source: PostgreSQL, {@code choose_custom_plan}). The driver by itself prepares a statement at its fifth execution.
 */
final class KeptPlan {
    private KeptPlan() {}

    /** Changes nothing on a connection that must prepare nothing, as behind a pooler. */
    static void of(PreparedStatement statement) throws SQLException {
        PGStatement driver = statement.unwrap(PGStatement.class);
        if (driver.getPrepareThreshold() > 0) {
            driver.setPrepareThreshold(1);
        }
    }
}
