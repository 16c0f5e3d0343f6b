package io.refreshd.refresh;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Compares views with their definitions as a plain session of the owner sees both: in the text of whole rows, which is another way than
 * the one under test.
 */
final class ComparedByOwner {
    /** The settings of a plain session: those of the role in the database, of the role, of the database, of the server. */
    private static final String SETTINGS = """
            SELECT DISTINCT ON (lower(name)) name, value FROM (
              SELECT split_part(c, '=', 1) AS name, substr(c, position('=' IN c) + 1) AS value,
                     CASE WHEN s.setdatabase <> 0 AND s.setrole <> 0 THEN 1 WHEN s.setrole <> 0 THEN 2 ELSE 3 END AS place
                FROM pg_db_role_setting s, unnest(s.setconfig) c
               WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
                 AND s.setrole IN (0, (SELECT relowner FROM pg_class WHERE oid = '%s'::regclass))
              UNION ALL
              SELECT name, setting, 4 FROM pg_file_settings
               WHERE applied AND lower(name) IN ('timezone', 'datestyle', 'intervalstyle')
              UNION ALL
              SELECT name, boot_val, 5 FROM pg_settings WHERE lower(name) IN ('timezone', 'datestyle', 'intervalstyle')
            ) s ORDER BY lower(name), place
            """;

    private final Connection connection;
    private final Map<String, String> sessions = new HashMap<>();

    ComparedByOwner(Connection connection) {
        this.connection = connection;
    }

    /** Owners, or settings, may be others from now on. */
    void forget() {
        sessions.clear();
    }

    /** Refreshes the view as the owner's plain session would, and enters that in the ledger as a refresh by refreshd. */
    void refresh(String view) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("BEGIN; " + sessionOf(view) + "REFRESH MATERIALIZED VIEW " + view
                    + "; RESET ROLE; UPDATE refreshd.view_state s SET storage_xid = c.xmin FROM pg_class c WHERE c.oid = '"
                    + view + "'::regclass AND s.view_oid = c.oid; COMMIT");
        }
    }

    private String sessionOf(String view) throws SQLException {
        String session = sessions.get(view);
        if (session == null) {
            session = session(view);
            sessions.put(view, session);
        }
        return session;
    }

    boolean differs(String view, String definition) throws SQLException {
        String session = sessionOf(view);
        String is = "SELECT viewed_row::text FROM " + view + " viewed_row";
        String should = "SELECT defined_row::text FROM (" + definition + ") defined_row";
        // In one round trip: the driver accepts no other date style than ISO at the end of one.
        String sql = "BEGIN; " + session + "SELECT EXISTS ((" + is + " EXCEPT ALL " + should + ") UNION ALL (" + should
                + " EXCEPT ALL " + is + ")); COMMIT";
        try (Statement statement = connection.createStatement()) {
            boolean rows = statement.execute(sql);
            while (!rows && (statement.getUpdateCount() != -1 || statement.getMoreResults())) {
                rows = statement.getMoreResults();
            }
            try (ResultSet row = statement.getResultSet()) {
                row.next();
                return row.getBoolean(1);
            }
        } catch (SQLException e) {
            try (Statement rollback = connection.createStatement()) {
                rollback.execute("ROLLBACK");
            }
            throw new SQLException(view + ": " + sql, e);
        }
    }

    private String session(String view) throws SQLException {
        Map<String, String> settings = new HashMap<>();
        String owner;
        try (Statement statement = connection.createStatement()) {
            try (ResultSet rows = statement.executeQuery(SETTINGS.formatted(view))) {
                while (rows.next()) {
                    settings.put(rows.getString(1), rows.getString(2));
                }
            }
            try (ResultSet row = statement.executeQuery(
                    "SELECT relowner::regrole::text FROM pg_class WHERE oid = '" + view + "'::regclass")) {
                row.next();
                owner = row.getString(1);
            }
        }
        return settings.entrySet().stream()
                        .map(setting -> "SET LOCAL " + setting.getKey() + " = '" + setting.getValue() + "'; ")
                        .sorted()
                        .collect(Collectors.joining())
                + "SET LOCAL ROLE " + owner + "; ";
    }
}
