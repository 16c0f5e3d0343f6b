package io.refreshd.roles;

import io.refreshd.catalog.TrustedCode;
import io.refreshd.config.RoleViewTemplate;
import io.refreshd.database.SessionSettings;
import io.refreshd.model.Obstacle;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads the roles of a template from their source. Blocks. */
public final class RolesReader {
    private RolesReader() {}

    /** The roles: those of a query sorted, each once, without NULL; those of a list as written. */
    static List<String> roles(Connection connection, RoleViewTemplate.Roles source) throws SQLException {
        return switch (source) {
            case RoleViewTemplate.Roles.Listed listed -> listed.roles();
            case RoleViewTemplate.Roles.Queried queried -> provenQuery(connection, queried.sql());
        };
    }

    /**
     * Runs a query after the proof that no code of others is in reach of it. The functions that the query itself calls are the operator's choice.
     *
     * @throws SQLException with a sentence for people if there is such code
     */
    private static List<String> provenQuery(Connection connection, String sql) throws SQLException {
        ParsedQuery query = asPlainSession(connection, () -> ParsedQuery.of(connection, sql));
        Optional<Obstacle> foreign =
                TrustedCode.obstacles(connection, query.relations(), TrustedCode.Use.OPERATOR).values().stream()
                        .findFirst();
        if (foreign.isPresent()) {
            throw new SQLException("the query would run code of others as refreshd: "
                    + foreign.get().what());
        }
        return asPlainSession(connection, () -> query(connection, sql));
    }

    private static List<String> query(Connection connection, String sql) throws SQLException {
        // Only the first column is renamed, to a name that no other column of the query has.
        List<String> roles = new ArrayList<>();
        try (Statement statement = statement(connection);
                ResultSet rows = statement.executeQuery(
                        "SELECT DISTINCT r.refreshd_first::pg_catalog.text COLLATE pg_catalog.\"C\" FROM (" + sql
                                + "\n) AS r (refreshd_first) WHERE r.refreshd_first IS NOT NULL ORDER BY 1")) {
            while (rows.next()) {
                roles.add(rows.getString(1));
            }
        }
        return roles;
    }

    /** A query that may fail. */
    interface Attempt<T> {
        T run() throws SQLException;
    }

    /**
     * Runs a query of a template as a plain session would: its names are found by the search path that the role has. Changes nothing, and
     * its failure does not abort a transaction of the caller.
     */
    static <T> T asPlainSession(Connection connection, Attempt<T> attempt) throws SQLException {
        boolean alone = connection.getAutoCommit();
        if (alone) {
            connection.setAutoCommit(false);
        }
        Savepoint before = connection.setSavepoint();
        try {
            SessionSettings.asPlainSession(connection);
            T answer = attempt.run();
            leave(connection, before, alone);
            return answer;
        } catch (SQLException e) {
            try {
                leave(connection, before, alone);
            } catch (SQLException gone) {
                e.addSuppressed(gone);
            }
            throw e;
        }
    }

    /** The rollback gives the settings of before back too. */
    private static void leave(Connection connection, Savepoint before, boolean alone) throws SQLException {
        connection.rollback(before);
        connection.releaseSavepoint(before);
        if (alone) {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    /** A statement for SQL of the configuration, in which braces are not JDBC escapes. */
    static Statement statement(Connection connection) throws SQLException {
        Statement statement = connection.createStatement();
        statement.setEscapeProcessing(false);
        return statement;
    }
}
