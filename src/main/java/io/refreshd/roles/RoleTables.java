package io.refreshd.roles;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.config.RoleViewTemplate;
import io.refreshd.model.TableId;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The tables that the queries of templates read, according to the planner. A query that the planner rejects is left out here; its
 * error is reported when the roles are read or the view is created.
 *
 * @param ofRoles tables read by {@code roles-query}; a change to one of them may change the roles
 * @param ofViews tables that the views read or will read; empty if the query allows no subquery in the place of the role
 */
public record RoleTables(Set<TableId> ofRoles, Set<TableId> ofViews) {
    /**
     * Stands for the role. It is a subquery, since for a constant the planner could fold the condition or prune partitions, and
     * their tables would be missing from the plan.
     */
    private static final String ANY_ROLE = "SELECT NULL";

    public RoleTables {
        ofRoles = Set.copyOf(ofRoles);
        ofViews = Set.copyOf(ofViews);
    }

    /**
     * Asks the planner. Changes nothing; a transaction of the caller stays usable.
     *
     * <p>Failure: the tables of a query that somebody has locked are left out.
     */
    public static RoleTables of(Connection connection, Collection<RoleViewTemplate> templates) throws SQLException {
        return new RoleTablesReader(templates).read(connection);
    }

    /** The tables of the query of a template's roles. */
    static Optional<String> rolesQuery(RoleViewTemplate template) {
        return template.roles() instanceof RoleViewTemplate.Roles.Queried queried
                ? Optional.of(queried.sql())
                : Optional.empty();
    }

    /** The query of a template's views; empty if they are plain views, which the log need not tell about. */
    static Optional<String> viewsQuery(RoleViewTemplate template) {
        return template.definition().materialized()
                ? Optional.of(template.definition().query().with(ANY_ROLE))
                : Optional.empty();
    }

    static Set<TableId> behind(Connection connection, String sql) throws SQLException {
        Set<TableId> tables = new TreeSet<>();
        try (Statement statement = RolesReader.statement(connection);
                ResultSet row = statement.executeQuery("EXPLAIN (VERBOSE, FORMAT JSON) " + sql)) {
            row.next();
            JsonNode plan = new ObjectMapper().readTree(row.getString(1));
            for (JsonNode node : plan.findParents("Relation Name")) {
                if (node.hasNonNull("Schema")) {
                    tables.add(new TableId(
                            node.get("Schema").asText(),
                            node.get("Relation Name").asText()));
                }
            }
        } catch (JsonProcessingException e) {
            throw new SQLException("the plan of the server is not JSON", e);
        }
        return tables;
    }
}
