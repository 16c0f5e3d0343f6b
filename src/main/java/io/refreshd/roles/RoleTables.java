package io.refreshd.roles;

import io.refreshd.config.RoleViewTemplate;
import io.refreshd.model.TableId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The tables that the queries of templates read, also those behind plain views. A query that the server rejects is left out here; its
 * error is reported when the roles are read or the view is created.
 *
 * @param ofRoles tables read by {@code roles-query}; a change to one of them may change the roles
 * @param ofViews tables that the views read or will read; empty if the query allows no subquery in the place of the role
 */
public record RoleTables(Set<TableId> ofRoles, Set<TableId> ofViews) {
    /** Stands for the role. */
    private static final String ANY_ROLE = "SELECT NULL";

    /** What holds rows: a partitioned table and a view hold none. */
    private static final String WITH_PARTITIONS = """
            WITH RECURSIVE read (oid) AS (
              SELECT r::oid FROM pg_catalog.unnest(?::int8[]) AS r
              UNION
              SELECT h.inhrelid FROM read JOIN pg_catalog.pg_inherits h ON h.inhparent = read.oid
            )
            SELECT n.nspname, c.relname
            FROM read
            JOIN pg_catalog.pg_class c ON c.oid = read.oid AND c.relkind IN ('r', 'm', 'f')
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            """;

    public RoleTables {
        ofRoles = Set.copyOf(ofRoles);
        ofViews = Set.copyOf(ofViews);
    }

    /**
     * Asks the parser of the server. Changes nothing; a transaction of the caller stays usable.
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
        return template.definition().kind().isKept()
                ? Optional.of(template.definition().query().with(ANY_ROLE))
                : Optional.empty();
    }

    static Set<TableId> behind(Connection connection, String sql) throws SQLException {
        return behind(connection, ParsedQuery.of(connection, sql));
    }

    private static Set<TableId> behind(Connection connection, ParsedQuery query) throws SQLException {
        Set<TableId> tables = new TreeSet<>();
        try (PreparedStatement statement = connection.prepareStatement(WITH_PARTITIONS)) {
            statement.setArray(
                    1, connection.createArrayOf("int8", query.relations().toArray()));
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    tables.add(new TableId(row.getString("nspname"), row.getString("relname")));
                }
            }
        }
        return tables;
    }
}
