package io.refreshd.roles;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.postgresql.core.Parser;

/**
 * A query of the configuration as the server parses it. The query is neither planned nor run: a planner evaluates expressions that the
 * owners of the tables wrote, with the rights of whoever plans.
 *
 * @param columns the names of the result's columns
 * @param relations the oids of all relations in the query, also of those behind plain views and policies; without partitions
 */
record ParsedQuery(List<String> columns, Set<Long> relations) {
    /** Source: the server locks each relation of a query that it parses until the end of the (sub)transaction. */
    private static final String LOCKED = "SELECT relation::int8 FROM pg_catalog.pg_locks"
            + " WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND granted";

    ParsedQuery {
        columns = List.copyOf(columns);
        relations = Set.copyOf(relations);
    }

    /** @param subtransaction which the caller rolls back, so that the locks end, and before which nothing in the query was locked */
    static ParsedQuery of(Connection subtransaction, String sql) throws SQLException {
        Set<Long> before = locked(subtransaction);
        List<String> columns = new ArrayList<>();
        try (PreparedStatement statement = subtransaction.prepareStatement(withoutParameters(sql))) {
            ResultSetMetaData row = statement.getMetaData();
            for (int i = 1; row != null && i <= row.getColumnCount(); i++) {
                columns.add(row.getColumnName(i));
            }
        }
        Set<Long> relations = locked(subtransaction);
        relations.removeAll(before);
        return new ParsedQuery(columns, relations);
    }

    private static Set<Long> locked(Connection connection) throws SQLException {
        Set<Long> relations = new LinkedHashSet<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(LOCKED)) {
            while (row.next()) {
                relations.add(row.getLong(1));
            }
        }
        return relations;
    }

    /** Doubles each question mark that the driver would take for a parameter: it is an operator of the query. */
    private static String withoutParameters(String sql) {
        StringBuilder out = new StringBuilder(sql.length() + 8);
        char[] text = sql.toCharArray();
        for (int i = 0; i < text.length; i++) {
            int end = switch (text[i]) {
                case '\'' -> Parser.parseSingleQuotes(text, i, true);
                case '"' -> Parser.parseDoubleQuotes(text, i);
                case '-' -> Parser.parseLineComment(text, i);
                case '/' -> Parser.parseBlockComment(text, i);
                case '$' -> Parser.parseDollarQuotes(text, i);
                default -> i;
            };
            end = Math.min(end, text.length - 1);
            out.append(text, i, end - i + 1);
            if (end == i && text[i] == '?') {
                out.append('?');
            }
            i = end;
        }
        return out.toString();
    }
}
