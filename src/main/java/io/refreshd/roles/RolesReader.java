package io.refreshd.roles;

import io.refreshd.catalog.TrustedCode;
import io.refreshd.catalog.UnsentNames;
import io.refreshd.config.RoleViewTemplate;
import io.refreshd.database.SessionSettings;
import io.refreshd.model.Obstacle;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.postgresql.PGConnection;

/** Reads the roles of a template from their source. Blocks. */
public final class RolesReader {
    /** Each costs some statements. */
    private static final int MOST_UNSENT = 1_000;

    private RolesReader() {}

    /**
     * The roles of a template.
     *
     * @param unsent bytes, in hexadecimal, of roles that are left out, since the server cannot send them in UTF-8
     */
    record Roles(List<String> names, List<String> unsent) {
        static Roles of(List<String> names) {
            return new Roles(names, List.of());
        }
    }

    /** The roles: those of a query sorted, each once, without NULL; those of a list as written. */
    static Roles roles(Connection connection, RoleViewTemplate.Roles source) throws SQLException {
        return switch (source) {
            case RoleViewTemplate.Roles.Listed listed -> Roles.of(listed.roles());
            case RoleViewTemplate.Roles.Queried queried -> provenQuery(connection, queried.sql());
        };
    }

    /**
     * Runs a query after the proof that no code of others is in reach of it. The functions that the query itself calls are the operator's choice.
     *
     * @throws SQLException with a sentence for people if there is such code
     */
    private static Roles provenQuery(Connection connection, String sql) throws SQLException {
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

    /** In a database that is not in UTF-8 the roles are read as bytes, which the server can send whatever they are. */
    private static Roles query(Connection connection, String sql) throws SQLException {
        boolean utf8 = "UTF8".equals(connection.unwrap(PGConnection.class).getParameterStatus("server_encoding"));
        String role = "r.refreshd_first::pg_catalog.text COLLATE pg_catalog.\"C\"";
        List<String> roles = new ArrayList<>();
        try (Statement statement = statement(connection);
                // Only the first column is renamed, to a name that no other column of the query has.
                ResultSet rows = statement.executeQuery("SELECT DISTINCT "
                        + (utf8
                                ? role
                                : "pg_catalog.encode(pg_catalog.convert_to(" + role
                                        + ", pg_catalog.getdatabaseencoding()), 'hex') COLLATE pg_catalog.\"C\"")
                        + " FROM (" + sql
                        + "\n) AS r (refreshd_first) WHERE r.refreshd_first IS NOT NULL ORDER BY 1")) {
            while (rows.next()) {
                roles.add(rows.getString(1));
            }
        }
        if (utf8) {
            return Roles.of(roles);
        }
        Roles decoded = new Roles(new ArrayList<>(), new ArrayList<>());
        decode(connection, roles, decoded);
        return decoded;
    }

    /** Adds what the bytes mean. A failure of many is narrowed down to those that cause it. */
    private static void decode(Connection connection, List<String> bytes, Roles decoded) throws SQLException {
        if (bytes.isEmpty()) {
            return;
        }
        Savepoint before = connection.setSavepoint();
        List<String> names = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT pg_catalog.convert_from(pg_catalog.decode(b.hex, 'hex'), pg_catalog.getdatabaseencoding())"
                        + " FROM pg_catalog.unnest(?) WITH ORDINALITY AS b (hex, number) ORDER BY b.number")) {
            statement.setArray(1, connection.createArrayOf("text", bytes.toArray()));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    names.add(rows.getString(1));
                }
            }
            connection.releaseSavepoint(before);
        } catch (SQLException e) {
            connection.rollback(before);
            if (!UnsentNames.causes(e) || decoded.unsent().size() >= MOST_UNSENT) {
                throw e;
            }
            if (bytes.size() == 1) {
                decoded.unsent().addAll(bytes);
                return;
            }
            int half = bytes.size() / 2;
            decode(connection, bytes.subList(0, half), decoded);
            decode(connection, bytes.subList(half, bytes.size()), decoded);
            return;
        }
        decoded.names().addAll(names);
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
