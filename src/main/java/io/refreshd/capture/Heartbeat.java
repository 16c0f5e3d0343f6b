package io.refreshd.capture;

import io.refreshd.model.Signal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/**
 * Writes logical decoding messages to the log: heartbeats and other signals. A message needs no table and no privilege, lets the slot of a
 * quiet database move, and stands in the log behind everything that committed before it.
 *
 * <p>The messages belong to no transaction. So a message takes no transaction id, and an absent synchronous standby cannot keep it waiting
 * as it does every commit.
 */
public final class Heartbeat {
    /**
     * The first major version that can be asked to flush the message. Before it, a message lies in the WAL buffer until somebody
     * commits or the WAL writer comes by, 200 ms at most by default. A message in a transaction would be
     * flushed at its commit, but takes a transaction id: a heartbeat is not worth one.
     */
    private static final int FLUSHES_SINCE = 17;

    private Heartbeat() {}

    /** Writes a heartbeat, whose body is the server's time: see {@link #emittedAt}. */
    public static void emit(Connection connection) throws SQLException {
        emit(
                connection,
                Signal.HEARTBEAT,
                "(extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint::text",
                null);
    }

    /** Writes a signal of any kind. */
    public static void emit(Connection connection, Signal signal) throws SQLException {
        emit(connection, signal.kind(), "?", signal.body());
    }

    private static void emit(Connection connection, String kind, String bodySql, @Nullable String body)
            throws SQLException {
        boolean flushes = connection.getMetaData().getDatabaseMajorVersion() >= FLUSHES_SINCE;
        String sql = "SELECT pg_catalog.pg_logical_emit_message(false, ?, " + bodySql + (flushes ? ", true)" : ")");
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, Signal.PREFIX + kind);
            if (body != null) {
                statement.setString(2, body);
            }
            statement.execute();
        }
    }

    /** When a heartbeat was written, by the server's clock. */
    public static Instant emittedAt(Signal heartbeat) {
        if (!heartbeat.kind().equals(Signal.HEARTBEAT)) {
            throw new IllegalArgumentException("not a heartbeat: " + heartbeat.kind());
        }
        return Instant.EPOCH.plus(Long.parseLong(heartbeat.body()), ChronoUnit.MICROS);
    }
}
