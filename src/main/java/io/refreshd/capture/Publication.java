package io.refreshd.capture;

import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The publication, by plain SQL. It alone decides what is captured; a table that joins is captured at once, by a stream that
 * runs already. It must exist before the slot is made: before 18 the server fails on changes older than it.
 *
 * <p>Never a column list: one that does not cover the replica identity makes the application's own UPDATE fail.
 */
public final class Publication {
    private static final String OPERATIONS = "publish = 'insert, update, delete, truncate'";

    private Publication() {}

    public static Optional<PublicationState> inspect(Connection connection, String name) throws SQLException {
        String sql = """
                SELECT puballtables, pubviaroot, pubinsert AND pubupdate AND pubdelete AND pubtruncate AS complete
                FROM pg_catalog.pg_publication WHERE pubname = ?
                """;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, name);
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next()) {
                    return Optional.empty();
                }
                return Optional.of(new PublicationState(
                        row.getBoolean("complete"),
                        row.getBoolean("pubviaroot"),
                        row.getBoolean("puballtables"),
                        tables(connection, name)));
            }
        }
    }

    private static Map<TableId, PublicationState.Entry> tables(Connection connection, String name) throws SQLException {
        // pg_publication_tables resolves ALL TABLES, IN SCHEMA and partitions. It knows a table's filter and its
        // columns, of
        // which all are listed when there is no column list; pg_publication_rel tells the two apart.
        String sql = """
                SELECT n.nspname, c.relname, c.oid, coalesce(r.oid, 0) AS entry,
                       NOT EXISTS (
                         SELECT FROM pg_catalog.pg_publication_rel f
                         WHERE f.prpubid = p.oid AND (f.prqual IS NOT NULL OR f.prattrs IS NOT NULL)
                           AND (f.prrelid = c.oid OR f.prrelid IN (SELECT a.relid FROM pg_catalog.pg_partition_ancestors(c.oid) a))
                       ) AS whole
                FROM pg_catalog.pg_publication p
                JOIN pg_catalog.pg_publication_tables t ON t.pubname = p.pubname
                JOIN pg_catalog.pg_namespace n ON n.nspname = t.schemaname
                JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
                LEFT JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
                WHERE p.pubname = ?
                """;
        Map<TableId, PublicationState.Entry> tables = new HashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, name);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    tables.put(
                            new TableId(row.getString("nspname"), row.getString("relname")),
                            new PublicationState.Entry(
                                    row.getLong("oid"), row.getLong("entry"), row.getBoolean("whole")));
                }
            }
        }
        return tables;
    }

    /**
     * The statements that make the publication hold these tables and no others. Pure. A table that a DBA published with its
     * schema or with all tables is left as it is, and so is one with a row filter or a column list that is wanted: it is
     * replaced only by who made it.
     *
     * @param state empty if the publication does not exist
     */
    public static List<String> plan(String name, Set<TableId> wanted, Optional<PublicationState> state) {
        String publication = SqlNames.identifier(name);
        if (state.isEmpty()) {
            return List.of("CREATE PUBLICATION " + publication + (wanted.isEmpty() ? "" : " FOR TABLE " + list(wanted))
                    + " WITH (" + OPERATIONS + ")");
        }
        PublicationState now = state.get();
        List<String> statements = new ArrayList<>();
        if (!now.complete()) {
            statements.add("ALTER PUBLICATION " + publication + " SET (" + OPERATIONS + ")");
        }
        if (now.viaRoot()) {
            statements.add("ALTER PUBLICATION " + publication + " SET (publish_via_partition_root = false)");
        }
        if (now.allTables()) {
            return statements;
        }
        Set<TableId> missing = new TreeSet<>(wanted);
        missing.removeAll(now.tables().keySet());
        if (!missing.isEmpty()) {
            statements.add("ALTER PUBLICATION " + publication + " ADD TABLE " + list(missing));
        }
        Set<TableId> needless = now.tables().entrySet().stream()
                .filter(entry -> entry.getValue().entry() != 0 && !wanted.contains(entry.getKey()))
                .map(Map.Entry::getKey)
                .collect(Collectors.toCollection(TreeSet::new));
        if (!needless.isEmpty()) {
            statements.add("ALTER PUBLICATION " + publication + " DROP TABLE " + list(needless));
        }
        return statements;
    }

    private static String list(Set<TableId> tables) {
        return new TreeSet<>(tables)
                .stream().map(table -> "ONLY " + SqlNames.qualified(table)).collect(Collectors.joining(", "));
    }

    /** Runs what {@link #plan} made, in the connection's transaction if it is in one. */
    public static void apply(Connection connection, List<String> statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    public static void drop(Connection connection, String name) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("DROP PUBLICATION IF EXISTS " + SqlNames.identifier(name));
        }
    }
}
