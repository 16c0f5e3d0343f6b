package io.refreshd.roles;

import io.refreshd.config.RoleViewTemplate;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** Asks where the roles come from. Blocks; keeps nothing. */
public final class RolesReader {
    private RolesReader() {}

    /** In a fixed order, each once; NULL is no role. */
    static List<String> roles(Connection connection, RoleViewTemplate.Roles source) throws SQLException {
        return switch (source) {
            case RoleViewTemplate.Roles.Listed listed -> listed.roles();
            case RoleViewTemplate.Roles.Queried queried -> safely(connection, () -> query(connection, queried.sql()));
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

    /** What is asked of a connection. */
    interface Question<T> {
        T ask() throws SQLException;
    }

    /** What is wrong about somebody's query is not to end the transaction that the caller may be in. */
    static <T> T safely(Connection connection, Question<T> question) throws SQLException {
        if (connection.getAutoCommit()) {
            return question.ask();
        }
        Savepoint before = connection.setSavepoint();
        try {
            T answer = question.ask();
            connection.releaseSavepoint(before);
            return answer;
        } catch (SQLException e) {
            try {
                connection.rollback(before);
                connection.releaseSavepoint(before);
            } catch (SQLException gone) {
                e.addSuppressed(gone);
            }
            throw e;
        }
    }

    /** Braces and question marks of somebody's SQL are theirs. */
    static Statement statement(Connection connection) throws SQLException {
        Statement statement = connection.createStatement();
        statement.setEscapeProcessing(false);
        return statement;
    }
}
