package io.refreshd.roles;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.config.RoleViewTemplate;
import io.refreshd.model.TableId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Asks where the roles come from. Blocks; keeps nothing. */
public final class RolesReader {
    /**
     * Tables that may be put into a publication without making somebody's UPDATE fail: permanent, with an identity whose
     * columns are all published. Of tables that views read as well, the catalog knows more.
     */
    private static final String PUBLISHABLE = """
            SELECT c.oid IS NOT NULL
              FROM pg_catalog.pg_class c
              JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = ? AND c.relname = ? AND c.relkind = 'r' AND c.relpersistence = 'p' AND c.oid >= 16384
               AND c.relreplident IN ('d', 'i')
               AND EXISTS (SELECT FROM pg_catalog.pg_index i
                            WHERE i.indrelid = c.oid AND i.indisvalid AND i.indimmediate
                              AND CASE c.relreplident WHEN 'd' THEN i.indisprimary ELSE i.indisreplident END
                              AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                                               WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
                                                 AND a.attgenerated <> ''))
            """;

    private RolesReader() {}

    /** In a fixed order, each once; NULL is no role. */
    static List<String> roles(Connection connection, RoleViewTemplate.Roles source) throws SQLException {
        return switch (source) {
            case RoleViewTemplate.Roles.Listed listed -> listed.roles();
            case RoleViewTemplate.Roles.Queried queried -> query(connection, queried.sql());
        };
    }

    private static List<String> query(Connection connection, String sql) throws SQLException {
        // The other columns keep their names, so this one gets a name that none of them has.
        List<String> roles = new ArrayList<>();
        try (Statement statement = statement(connection);
                ResultSet rows = statement.executeQuery("SELECT DISTINCT r.refreshd_first::text COLLATE \"C\" FROM ("
                        + sql + "\n) AS r (refreshd_first) WHERE r.refreshd_first IS NOT NULL ORDER BY 1")) {
            while (rows.next()) {
                roles.add(rows.getString(1));
            }
        }
        return roles;
    }

    /**
     * The tables behind the queries for roles, as the planner sees them: a change of one of them may change the roles.
     *
     * @return those that may be published
     */
    public static Set<TableId> tables(Connection connection, Collection<RoleViewTemplate> templates)
            throws SQLException {
        Set<TableId> tables = new TreeSet<>();
        for (RoleViewTemplate template : templates) {
            if (template.roles() instanceof RoleViewTemplate.Roles.Queried queried) {
                tables.addAll(behind(connection, queried.sql()));
            }
        }
        Set<TableId> publishable = new TreeSet<>();
        try (PreparedStatement statement = connection.prepareStatement(PUBLISHABLE)) {
            for (TableId table : tables) {
                statement.setString(1, table.schema());
                statement.setString(2, table.name());
                try (ResultSet row = statement.executeQuery()) {
                    if (row.next()) {
                        publishable.add(table);
                    }
                }
            }
        }
        return publishable;
    }

    private static Set<TableId> behind(Connection connection, String sql) throws SQLException {
        Set<TableId> tables = new TreeSet<>();
        try (Statement statement = statement(connection);
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
            throw new SQLException("the server's plan is no JSON", e);
        }
        return tables;
    }

    /** Braces and question marks of somebody's SQL are theirs. */
    static Statement statement(Connection connection) throws SQLException {
        Statement statement = connection.createStatement();
        statement.setEscapeProcessing(false);
        return statement;
    }
}
