package io.refreshd.demo;

import io.refreshd.model.ViewId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * The demo's test oracle: it compares materialized and incremental views with their definitions. Both are read in one snapshot, and duplicate rows
 * count. It shares no code with the daemon, so that a fault of the daemon cannot hide here too.
 */
final class Oracle {
    /** The definition of an incremental view is a plain view with more columns, whose name ends in the view's number. */
    private static final String VIEWS = """
            SELECT n.nspname, c.relname, format('%I.%I', n.nspname, c.relname),
                   CASE c.relkind WHEN 'm' THEN pg_get_viewdef(c.oid)
                        ELSE 'SELECT ' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
                                             FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
                             || ' FROM (' || rtrim(pg_get_viewdef(d.oid), ';') || ') AS d' END
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_class d ON d.relnamespace = to_regnamespace('refreshd_store') AND d.relkind = 'v'
             AND d.relname LIKE '%\\_' || c.oid || '\\_definition'
            WHERE (c.relkind = 'm' OR d.oid IS NOT NULL) AND n.nspname = ?
            ORDER BY c.relname""";

    private record Definition(ViewId view, String name, String query) {}

    private Oracle() {}

    static List<Comparison> compare(DatabaseLogin login, String schema) throws SQLException {
        try (Connection connection = login.connect()) {
            connection.setReadOnly(true);
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            connection.setAutoCommit(false);
            List<Comparison> result = new ArrayList<>();
            for (Definition definition : definitions(connection, schema)) {
                result.add(compare(connection, definition));
            }
            connection.rollback();
            return result;
        }
    }

    private static List<Definition> definitions(Connection connection, String schema) throws SQLException {
        List<Definition> result = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(VIEWS)) {
            statement.setString(1, schema);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    String query = rows.getString(4).strip();
                    result.add(new Definition(
                            new ViewId(rows.getString(1), rows.getString(2)),
                            rows.getString(3),
                            query.endsWith(";") ? query.substring(0, query.length() - 1) : query));
                }
            }
        }
        return result;
    }

    private static Comparison compare(Connection connection, Definition definition) throws SQLException {
        String view = "SELECT * FROM " + definition.name();
        String sql = "SELECT (SELECT count(*) FROM " + definition.name() + "),"
                + " (SELECT count(*) FROM (" + view + " EXCEPT ALL (" + definition.query() + ")) AS x),"
                + " (SELECT count(*) FROM ((" + definition.query() + ") EXCEPT ALL " + view + ") AS x)";
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return new Comparison(definition.view(), row.getLong(1), row.getLong(2), row.getLong(3));
        }
    }
}
