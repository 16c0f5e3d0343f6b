package io.refreshd.roles;

import io.refreshd.config.RoleViewTemplate;
import io.refreshd.model.TableId;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Reads {@link RoleTables} again and again. The planner waits for locks on the tables of a query, so that the reader waits a moment
 * only, and takes what the query read the last time.
 *
 * <p>Invariant: a table stays in the publication while somebody has locked it.
 *
 * <p>Thread: one at a time. Blocks for {@link #LOCK_TIMEOUT} at most because of locks, however many queries there are.
 */
public final class RoleTablesReader {
    private static final long LOCK_TIMEOUT = 200;
    private static final String LOCK_NOT_AVAILABLE = "55P03";

    private final List<RoleViewTemplate> templates;
    private final Map<String, Set<TableId>> known = new HashMap<>();

    public RoleTablesReader(Collection<RoleViewTemplate> templates) {
        this.templates = List.copyOf(templates);
    }

    /** Asks the planner. Changes nothing; a transaction of the caller stays usable. */
    public RoleTables read(Connection connection) throws SQLException {
        Set<TableId> ofRoles = new TreeSet<>();
        Set<TableId> ofViews = new TreeSet<>();
        // Once a query has waited for a lock in vain, the others of this round wait no longer.
        boolean[] waited = new boolean[1];
        for (RoleViewTemplate template : templates) {
            Optional<String> roles = RoleTables.rolesQuery(template);
            if (roles.isPresent()) {
                ofRoles.addAll(behind(connection, roles.get(), waited));
            }
            Optional<String> views = RoleTables.viewsQuery(template);
            if (views.isPresent()) {
                ofViews.addAll(behind(connection, views.get(), waited));
            }
        }
        return new RoleTables(ofRoles, ofViews);
    }

    private Set<TableId> behind(Connection connection, String sql, boolean[] waited) throws SQLException {
        try {
            Set<TableId> tables = RolesReader.asPlainSession(connection, () -> {
                try (Statement statement = connection.createStatement()) {
                    statement.execute("SET LOCAL lock_timeout = " + (waited[0] ? 1 : LOCK_TIMEOUT));
                }
                return RoleTables.behind(connection, sql);
            });
            known.put(sql, tables);
            return tables;
        } catch (SQLException e) {
            if (!connection.isValid(1)) {
                throw e;
            }
            waited[0] |= LOCK_NOT_AVAILABLE.equals(e.getSQLState());
            // A query that the planner rejects reads nothing.
            return LOCK_NOT_AVAILABLE.equals(e.getSQLState()) ? known.getOrDefault(sql, Set.of()) : Set.of();
        }
    }
}
