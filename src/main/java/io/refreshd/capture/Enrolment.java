package io.refreshd.capture;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;

/**
 * Determines the WAL position from which a newly published table is captured without a gap.
 *
 * <p>The gap: of a transaction that wrote to the table before the table was published, and commits afterwards, the server does not stream
 * what was written before. The steps that close it:
 *
 * <ol>
 *   <li>Publish the table, and commit.
 *   <li>Note the transactions that hold a write lock on the table ({@link #writersOf}). Not before the commit: a writer could
 *       slip in between.
 *   <li>Refresh the table's views.
 *   <li>When the last of those writers has ended ({@link #stillRunning}), refresh the views once more. From then on the stream
 *       holds every change.
 * </ol>
 */
public final class Enrolment {
    private Enrolment() {}

    /**
     * A transaction that may have written, by its virtual id ({@code backend/number}). A transaction has a virtual id before it
     * has any other id, keeps it when it is prepared, and no virtual id is used twice while the server runs.
     */
    public record Writer(String virtualId) {
        public Writer {
            Objects.requireNonNull(virtualId);
        }
    }

    /** The transactions of other sessions that may have written to the table and have not ended. */
    public static Set<Writer> writersOf(Connection connection, long tableOid) throws SQLException {
        return holders(connection, tableOid, false);
    }

    /**
     * Those of the writers that have not ended yet. To be called with what the call before returned, until nothing is left.
     *
     * <p>A prepared transaction that outlives a restart of the server loses its virtual id. So when a writer is gone, every
     * prepared transaction that holds a write lock on the table takes its place.
     */
    public static Set<Writer> stillRunning(Connection connection, long tableOid, Set<Writer> writers)
            throws SQLException {
        Array ids = connection.createArrayOf(
                "text", writers.stream().map(Writer::virtualId).toArray());
        Set<Writer> running;
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT DISTINCT virtualtransaction FROM pg_catalog.pg_locks WHERE virtualtransaction = ANY (?)")) {
            statement.setArray(1, ids);
            running = read(statement);
        } finally {
            ids.free();
        }
        boolean someLiveOneIsGone =
                writers.stream().anyMatch(writer -> !writer.virtualId().startsWith("-1/") && !running.contains(writer));
        if (someLiveOneIsGone) {
            running.addAll(holders(connection, tableOid, true));
        }
        return running;
    }

    /** @param preparedOnly only transactions without a process */
    private static Set<Writer> holders(Connection connection, long tableOid, boolean preparedOnly) throws SQLException {
        // INSERT, UPDATE and DELETE take ROW EXCLUSIVE; TRUNCATE and some forms of ALTER take more. A lock without a
        // process belongs to a prepared transaction.
        String sql = """
                SELECT DISTINCT virtualtransaction
                FROM pg_catalog.pg_locks
                WHERE locktype = 'relation' AND relation = ?::bigint::oid
                  AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
                  AND mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
                  AND pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
                """ + (preparedOnly ? "AND pid IS NULL" : "");
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setLong(1, tableOid);
            return read(statement);
        }
    }

    private static Set<Writer> read(PreparedStatement statement) throws SQLException {
        Set<Writer> writers = new HashSet<>();
        try (ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                writers.add(new Writer(row.getString(1)));
            }
        }
        return writers;
    }
}
