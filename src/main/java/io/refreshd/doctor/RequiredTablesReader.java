package io.refreshd.doctor;

import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.Configuration;
import io.refreshd.roles.RoleTablesReader;
import java.sql.SQLException;
import org.jdbi.v3.core.Handle;

/**
 * Reads {@link RequiredTables} again and again, without waiting for locks on the tables of role views.
 *
 * <p>Thread: one at a time.
 */
public final class RequiredTablesReader {
    private final RoleTablesReader declared;

    public RequiredTablesReader(Configuration configuration) {
        this.declared = new RoleTablesReader(configuration.roleViews());
    }

    public RequiredTables read(Handle handle, ViewGraph graph) throws SQLException {
        return RequiredTables.of(handle, declared.read(handle.getConnection()), graph);
    }
}
