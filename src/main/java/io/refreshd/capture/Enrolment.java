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
 * When a table that joined the publication is captured without a gap.
 *
 * <p>A transaction that wrote to the table before it was published, and commits afterwards, is not streamed for what it wrote
 * before. So: publish and commit; note who holds a write lock on the table ({@link #writersOf}); refresh the table's views;
 * when the last of those has ended ({@link #stillRunning}), refresh them once more. From then on the stream tells everything.
 * The writers must be read after the publication's change was committed, or one could slip in between.
 */
public final class Enrolment {
    private Enrolment() {}

    /**
     * A transaction that may have written, by its virtual id ({@code backend/number}): it has one before it has any other, it
     * keeps it when it is prepared, and it is not used twice while the server runs.
     */
    public record Writer(String virtualId) {
        public Writer {
            Objects.requireNonNull(virtualId);
        }
    }

    /** The transactions of others that may have written to the table and have not ended. */
    public static Set<Writer> writersOf(Connection connection, long tableOid) throws SQLException {
        return holders(connection, tableOid, false);
    }

    /**
     * Those of them that have not ended yet. To be called with what the call before returned, until nothing is left.
     *
     * <p>A prepared transaction that outlives a restart of the server loses its virtual id. So when a writer is gone, whatever
     * is prepared and holds a lock on the table takes its place.
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
        // ROW EXCLUSIVE is what INSERT, UPDATE and DELETE take; TRUNCATE and some forms of ALTER take more. Without a
        // process
        // it is a prepared transaction.
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
