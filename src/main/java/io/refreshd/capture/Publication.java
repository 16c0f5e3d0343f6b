package io.refreshd.capture;

import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import io.refreshd.model.UnsendableNames;
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
import java.util.stream.IntStream;

/**
 * Inspects, plans and changes the publication, by plain SQL. The publication alone decides which tables are captured; a table
 * that joins it is captured at once, by a stream that runs already.
 *
 * <p>Invariant: the publication exists before the slot is created. Before 18 the server fails when it decodes changes that are
 * older than the publication.
 *
 * <p>No column lists: a list that does not cover the replica identity makes the application's own UPDATE fail.
 */
public final class Publication {
    private static final String OPERATIONS = "publish = 'insert, update, delete, truncate'";

    /**
     * Query for the identity of what publishes each table: {@code oid, identity}. Its one parameter is the name of the publication.
     *
     * <p>What was taken away and put back has another identity, also when nobody looked in between: no oid is given twice, and a
     * catalog row that was written has another xmin. A table without an entry of its own is published by its schema, by a
     * partitioned table above it, or by FOR ALL TABLES; then the identity is made of those, and of the table's place in them.
     */
    public static final String IDENTITIES = """
            SELECT c.oid, concat_ws('/', c.oid, p.oid, p.xmin, coalesce(r.oid::text, concat('by:',
                     (SELECT string_agg(e.oid::text, '+' ORDER BY e.oid) FROM pg_catalog.pg_publication_rel e
                       WHERE e.prpubid = p.oid AND e.prrelid IN (SELECT relid FROM pg_catalog.pg_partition_ancestors(c.oid))),
                     ':',
                     (SELECT string_agg(s.oid::text, '+' ORDER BY s.oid) FROM pg_catalog.pg_publication_namespace s
                       WHERE s.pnpubid = p.oid AND s.pnnspid IN (SELECT a.relnamespace FROM pg_catalog.pg_class a
                         WHERE a.oid = c.oid OR a.oid IN (SELECT relid FROM pg_catalog.pg_partition_ancestors(c.oid)))),
                     ':',
                     (SELECT string_agg(h.xmin::text, '+' ORDER BY h.inhrelid) FROM pg_catalog.pg_inherits h
                       WHERE h.inhrelid IN (SELECT relid FROM pg_catalog.pg_partition_ancestors(c.oid))),
                     ':',
                     (SELECT d.xmin FROM pg_catalog.pg_depend d
                       WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
                         AND d.refclassid = 'pg_catalog.pg_namespace'::regclass)))) AS identity
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_publication p ON p.pubname = ?
            LEFT JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
            WHERE c.relkind IN ('r', 'p')
            """;

    /** Each table of a statement takes a lock, and the server has room for as many as all sessions together are expected to take. */
    private static final int MOST_AT_ONCE = 200;

    private Publication() {}

    /**
     * A text that changes whenever {@link #inspect} could return something else, for a small part of its cost. Two things are not
     * covered: what the connected role may do, and the identity of a table that left the schema it is published with and came
     * back. Empty if there is no such publication.
     */
    public static String version(Connection connection, String name) throws SQLException {
        String sql = """
                SELECT concat_ws('/', p.oid, p.xmin,
                         (SELECT concat(count(*), ':', bit_xor(hash_record_extended(ROW(r.oid, r.xmin), 0)))
                            FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = p.oid),
                         (SELECT concat(count(*), ':', bit_xor(hash_record_extended(ROW(s.oid, s.xmin), 0)))
                            FROM pg_catalog.pg_publication_namespace s WHERE s.pnpubid = p.oid),
                         (SELECT concat(count(*), ':', bit_xor(hash_record_extended(ROW(c.oid, c.relnamespace, c.relname), 0)))
                            FROM pg_catalog.pg_class c
                           WHERE c.relkind IN ('r', 'p') AND c.oid >= 16384
                             AND (p.puballtables OR c.relnamespace IN (
                                   SELECT s.pnnspid FROM pg_catalog.pg_publication_namespace s WHERE s.pnpubid = p.oid))),
                         (SELECT concat(count(*), ':', bit_xor(hash_record_extended(ROW(h.inhrelid, h.xmin), 0)))
                            FROM pg_catalog.pg_inherits h))
                  FROM pg_catalog.pg_publication p
                 WHERE p.pubname = ?
                """;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, name);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? row.getString(1) : "";
            }
        }
    }

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
        // Not by the view pg_publication_tables: from 16 on it locks every published table, and would wait for whoever
        // has locked one of them.
        String sql =
                """
                WITH RECURSIVE entry(oid) AS (
                  SELECT r.prrelid FROM pg_catalog.pg_publication_rel r
                    JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid WHERE p.pubname = ?
                  UNION
                  SELECT c.oid FROM pg_catalog.pg_publication p
                    JOIN pg_catalog.pg_class c ON c.relkind IN ('r', 'p') AND c.relpersistence = 'p' AND c.oid >= 16384
                     AND (p.puballtables OR c.relnamespace IN (
                           SELECT s.pnnspid FROM pg_catalog.pg_publication_namespace s WHERE s.pnpubid = p.oid))
                   WHERE p.pubname = ?
                ), member(oid) AS (
                  SELECT oid FROM entry
                  UNION
                  SELECT h.inhrelid FROM member m
                    JOIN pg_catalog.pg_class c ON c.oid = m.oid AND c.relkind = 'p'
                    JOIN pg_catalog.pg_inherits h ON h.inhparent = m.oid AND NOT h.inhdetachpending
                ), limited(oid) AS MATERIALIZED (
                  SELECT r.prrelid FROM pg_catalog.pg_publication_rel r
                    JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid
                   WHERE p.pubname = ? AND (r.prqual IS NOT NULL OR r.prattrs IS NOT NULL)
                )
                SELECT n.nspname, c.relname, c.oid, r.oid IS NOT NULL AS direct,
                       pg_catalog.pg_has_role(c.relowner, 'USAGE') AS mine, i.identity,
                       NOT EXISTS (
                         SELECT FROM limited f
                         WHERE f.oid = c.oid OR f.oid IN (SELECT a.relid FROM pg_catalog.pg_partition_ancestors(c.oid) a)
                       ) AS whole
                FROM pg_catalog.pg_publication p
                CROSS JOIN member m
                JOIN pg_catalog.pg_class c ON c.oid = m.oid
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                LEFT JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
                JOIN (%s) i ON i.oid = c.oid
                WHERE p.pubname = ?
                  AND CASE WHEN NOT p.pubviaroot THEN c.relkind = 'r'
                           ELSE c.oid IN (SELECT e.oid FROM entry e)
                            AND NOT EXISTS (SELECT FROM pg_catalog.pg_partition_ancestors(c.oid) a
                                             WHERE a.relid <> c.oid AND a.relid IN (SELECT e.oid FROM entry e))
                      END
                  AND %s AND %s
                """.formatted(IDENTITIES, UnsendableNames.sendable("n.nspname"), UnsendableNames.sendable("c.relname"));
        NameEncoding.note(connection);
        Map<TableId, PublicationState.Entry> tables = new HashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 1; i <= 5; i++) {
                statement.setString(i, name);
            }
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    tables.put(
                            new TableId(row.getString("nspname"), row.getString("relname")),
                            new PublicationState.Entry(
                                    row.getLong("oid"),
                                    row.getBoolean("direct"),
                                    row.getBoolean("mine"),
                                    row.getString("identity"),
                                    row.getBoolean("whole")));
                }
            }
        }
        return tables;
    }

    /**
     * The statements that make the publication hold the wanted tables and no others. Pure.
     *
     * <p>Left as they are: a table that a DBA published with its schema or with all tables; a wanted table with a row filter or a
     * column list, which only who made it may replace; and a table that the connected role does not own, which a DBA may have
     * added for a view that is made later.
     *
     * @param state empty if the publication does not exist
     */
    public static List<String> plan(String name, Set<TableId> wanted, Optional<PublicationState> state) {
        String publication = SqlNames.identifier(name);
        List<String> statements = new ArrayList<>();
        if (state.isEmpty()) {
            List<String> pieces = lists(wanted);
            statements.add("CREATE PUBLICATION " + publication
                    + (pieces.isEmpty() ? "" : " FOR TABLE " + pieces.getFirst()) + " WITH (" + OPERATIONS + ")");
            pieces.stream()
                    .skip(1)
                    .forEach(piece -> statements.add("ALTER PUBLICATION " + publication + " ADD TABLE " + piece));
            return statements;
        }
        PublicationState now = state.get();
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
        lists(missing).forEach(piece -> statements.add("ALTER PUBLICATION " + publication + " ADD TABLE " + piece));
        Set<TableId> needless = now.tables().entrySet().stream()
                .filter(entry ->
                        entry.getValue().direct() && entry.getValue().mine() && !wanted.contains(entry.getKey()))
                .map(Map.Entry::getKey)
                .collect(Collectors.toCollection(TreeSet::new));
        lists(needless).forEach(piece -> statements.add("ALTER PUBLICATION " + publication + " DROP TABLE " + piece));
        return statements;
    }

    /** The tables in pieces of {@link #MOST_AT_ONCE}. */
    private static List<String> lists(Set<TableId> tables) {
        List<String> names = new TreeSet<>(tables)
                .stream().map(table -> "ONLY " + SqlNames.qualified(table)).toList();
        return IntStream.rangeClosed(0, (names.size() - 1) / MOST_AT_ONCE)
                .mapToObj(piece ->
                        names.subList(piece * MOST_AT_ONCE, Math.min(names.size(), (piece + 1) * MOST_AT_ONCE)))
                .filter(piece -> !piece.isEmpty())
                .map(piece -> String.join(", ", piece))
                .toList();
    }

    /** Runs the statements of {@link #plan}, in the connection's transaction if one is open. */
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
